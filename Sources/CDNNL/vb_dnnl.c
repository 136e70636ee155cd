#define _GNU_SOURCE
#include "vb_dnnl.h"
#include <dlfcn.h>
#include <oneapi/dnnl/dnnl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define TRY(call) \
    do { \
        dnnl_status_t status_ = (call); \
        if (status_ != dnnl_success) { status = status_; goto done; } \
    } while (0)

// MARK: - One engine, one thread a product

static dnnl_engine_t engine;
static void (*set_openmp_threads)(int);

static void start(void) {
    // Products are divided among the threads of the caller; OpenMP's would compete with them.
    set_openmp_threads = (void (*)(int))dlsym(RTLD_DEFAULT, "omp_set_num_threads");
    dnnl_engine_create(&engine, dnnl_cpu, 0);
}

static void prepare_thread(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, start);
    if (set_openmp_threads) set_openmp_threads(1);
}

// MARK: - What differs between versions 2 and 3

#if DNNL_VERSION_MAJOR >= 3
typedef dnnl_memory_desc_t descriptor;

#define describe_by_strides dnnl_memory_desc_create_with_strides
#define describe_by_tag dnnl_memory_desc_create_with_tag

static void forget(descriptor *descriptor) {
    if (*descriptor) dnnl_memory_desc_destroy(*descriptor);
    *descriptor = NULL;
}

static size_t size_of(const descriptor *descriptor) { return dnnl_memory_desc_get_size(*descriptor); }

static dnnl_status_t make_memory(dnnl_memory_t *result, const descriptor *descriptor, const void *bytes) {
    return dnnl_memory_create(result, *descriptor, engine, (void *)bytes);
}

static dnnl_status_t queried(dnnl_primitive_desc_t primitive, dnnl_query_t what, descriptor *result) {
    forget(result);
    return dnnl_memory_desc_clone(result, dnnl_primitive_desc_query_md(primitive, what, 0));
}

static dnnl_status_t append_finish(dnnl_post_ops_t operations, vb_finish finish) {
    switch (finish) {
    case VB_STORE: return dnnl_success;
    case VB_ADD: return dnnl_post_ops_append_sum(operations, 1, 0, dnnl_data_type_undef);
    case VB_GELU: return dnnl_post_ops_append_eltwise(operations, dnnl_eltwise_gelu_erf, 0, 0);
    case VB_QUICK_GELU:
        return dnnl_post_ops_append_eltwise(operations, dnnl_eltwise_swish, 1.702f, 0);
    }
    return dnnl_invalid_arguments;
}

static dnnl_status_t scale_columns(dnnl_primitive_attr_t attributes, int64_t count, const float *scales) {
    (void)count, (void)scales;
    return dnnl_primitive_attr_set_scales_mask(attributes, DNNL_ARG_WEIGHTS, 1 << 1);
}

static dnnl_status_t make_matmul(
    dnnl_primitive_desc_t *result, const descriptor *a, const descriptor *b, const descriptor *bias,
    const descriptor *c, dnnl_primitive_attr_t attributes) {
    return dnnl_matmul_primitive_desc_create(
        result, engine, *a, *b, bias ? *bias : NULL, *c, attributes);
}

static dnnl_status_t make_reorder(
    dnnl_primitive_desc_t *result, const descriptor *from, const descriptor *to) {
    return dnnl_reorder_primitive_desc_create(result, *from, engine, *to, engine, NULL);
}
#else
typedef dnnl_memory_desc_t descriptor;

#define describe_by_strides dnnl_memory_desc_init_by_strides
#define describe_by_tag dnnl_memory_desc_init_by_tag

static void forget(descriptor *descriptor) { (void)descriptor; }

static size_t size_of(const descriptor *descriptor) { return dnnl_memory_desc_get_size(descriptor); }

static dnnl_status_t make_memory(dnnl_memory_t *result, const descriptor *descriptor, const void *bytes) {
    return dnnl_memory_create(result, descriptor, engine, (void *)bytes);
}

static dnnl_status_t queried(dnnl_primitive_desc_t primitive, dnnl_query_t what, descriptor *result) {
    *result = *dnnl_primitive_desc_query_md(primitive, what, 0);
    return dnnl_success;
}

static dnnl_status_t append_finish(dnnl_post_ops_t operations, vb_finish finish) {
    switch (finish) {
    case VB_STORE: return dnnl_success;
    case VB_ADD: return dnnl_post_ops_append_sum(operations, 1);
    case VB_GELU: return dnnl_post_ops_append_eltwise(operations, 1, dnnl_eltwise_gelu_erf, 0, 0);
    case VB_QUICK_GELU:
        return dnnl_post_ops_append_eltwise(operations, 1, dnnl_eltwise_swish, 1.702f, 0);
    }
    return dnnl_invalid_arguments;
}

static dnnl_status_t scale_columns(dnnl_primitive_attr_t attributes, int64_t count, const float *scales) {
    return dnnl_primitive_attr_set_output_scales(attributes, count, 1 << 1, scales);
}

static dnnl_status_t make_matmul(
    dnnl_primitive_desc_t *result, const descriptor *a, const descriptor *b, const descriptor *bias,
    const descriptor *c, dnnl_primitive_attr_t attributes) {
    dnnl_matmul_desc_t operation;
    dnnl_status_t status = dnnl_matmul_desc_init(&operation, a, b, bias, c);
    if (status != dnnl_success) return status;
    return dnnl_primitive_desc_create(result, &operation, attributes, engine, NULL);
}

static dnnl_status_t make_reorder(
    dnnl_primitive_desc_t *result, const descriptor *from, const descriptor *to) {
    return dnnl_reorder_primitive_desc_create(result, from, engine, to, engine, NULL);
}
#endif

// MARK: - Products

struct vb_product {
    dnnl_primitive_t primitive;
    /// Packs B from `given`, if it is packed.
    dnnl_primitive_t packing;
    descriptor a, b, c, given, bias_description, scratch;
    /// Null unless the product has them.
    float *bias, *scales;
    int is_reference;
};

/// Describes a matrix or a batch of them; without strides oneDNN may choose the layout.
static dnnl_status_t describe(
    descriptor *result, int rank, const int64_t *extents, dnnl_data_type_t type,
    const int64_t *strides) {
    dnnl_dims_t all_extents = {0}, all_strides = {0};
    memcpy(all_extents, extents, rank * sizeof *extents);
    if (!strides) return describe_by_tag(result, rank, all_extents, type, dnnl_format_tag_any);
    memcpy(all_strides, strides, rank * sizeof *strides);
    return describe_by_strides(result, rank, all_extents, type, all_strides);
}

static dnnl_data_type_t type_of(vb_element element) {
    switch (element) {
    case VB_BFLOAT16: return dnnl_bf16;
    case VB_INT8: return dnnl_s8;
    default: return dnnl_f32;
    }
}

static void *allocate(size_t size) { return aligned_alloc(64, (size + 64) & ~(size_t)63); }

static float *copy_of(const float *values, int64_t count) {
    float *copy = allocate(sizeof(float) * count);
    if (copy) memcpy(copy, values, sizeof(float) * count);
    return copy;
}

/// Runs a primitive with the arguments `codes` and `memories`.
static dnnl_status_t execute(
    dnnl_primitive_t primitive, int count, const int *codes, const dnnl_memory_t *memories) {
    dnnl_exec_arg_t arguments[8];
    for (int i = 0; i < count; i++)
        arguments[i] = (dnnl_exec_arg_t){.arg = codes[i], .memory = memories[i]};
    dnnl_stream_t stream = NULL;
    dnnl_status_t status = dnnl_stream_create(&stream, engine, dnnl_stream_default_flags);
    if (status != dnnl_success) return status;
    status = dnnl_primitive_execute(primitive, stream, count, arguments);
    if (status == dnnl_success) status = dnnl_stream_wait(stream);
    dnnl_stream_destroy(stream);
    return status;
}

/// Prepares the copy of B to the layout that the primitive asks for.
static dnnl_status_t prepare_packing(vb_product *product, const vb_product_shape *shape) {
    dnnl_status_t status = dnnl_success;
    dnnl_primitive_desc_t description = NULL;
    const int64_t extents[2] = {shape->k, shape->n};
    TRY(describe(&product->given, 2, extents, type_of(shape->given), shape->b_strides + 1));
    TRY(make_reorder(&description, &product->given, &product->b));
    TRY(dnnl_primitive_create(&product->packing, description));
done:
    if (description) dnnl_primitive_desc_destroy(description);
    return status;
}

int vb_product_create(
    const vb_product_shape *shape, const float *bias, const float *scales, vb_product **result) {
    prepare_thread();
    dnnl_status_t status = dnnl_success;
    dnnl_primitive_attr_t attributes = NULL;
    dnnl_post_ops_t operations = NULL;
    dnnl_primitive_desc_t description = NULL;
    // oneDNN packs single matrices only, and takes a batch of one for a strange layout.
    const int first = shape->batch == 1 ? 1 : 0, rank = 3 - first;
    const int64_t a[3] = {shape->batch, shape->m, shape->k};
    const int64_t b[3] = {shape->batch, shape->k, shape->n};
    const int64_t c[3] = {shape->batch, shape->m, shape->n};
    const int64_t bias_extents[3] = {1, 1, shape->n}, bias_strides[3] = {shape->n, shape->n, 1};

    vb_product *product = calloc(1, sizeof *product);
    if (!product) return dnnl_out_of_memory;
    if (bias && !(product->bias = copy_of(bias, shape->n))) TRY(dnnl_out_of_memory);
    if (scales && !(product->scales = copy_of(scales, shape->n))) TRY(dnnl_out_of_memory);

    TRY(describe(&product->a, rank, a + first, type_of(shape->input), shape->a_strides + first));
    TRY(describe(
        &product->b, rank, b + first, type_of(shape->input),
        shape->packs_b ? NULL : shape->b_strides + first));
    TRY(describe(&product->c, rank, c + first, type_of(shape->output), shape->c_strides + first));
    TRY(describe(
        &product->bias_description, rank, bias_extents + first, dnnl_f32, bias_strides + first));
    TRY(dnnl_primitive_attr_create(&attributes));
    TRY(dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user));
    if (scales) TRY(scale_columns(attributes, shape->n, scales));
    TRY(dnnl_post_ops_create(&operations));
    TRY(append_finish(operations, shape->finish));
    TRY(dnnl_primitive_attr_set_post_ops(attributes, operations));
    TRY(make_matmul(
        &description, &product->a, &product->b, bias ? &product->bias_description : NULL,
        &product->c, attributes));
    TRY(dnnl_primitive_create(&product->primitive, description));
    TRY(queried(description, dnnl_query_scratchpad_md, &product->scratch));
    const char *implementation = "";
    TRY(dnnl_primitive_desc_query(description, dnnl_query_impl_info_str, 0, &implementation));
    product->is_reference = strncmp(implementation, "ref", 3) == 0;
    if (shape->packs_b) {
        TRY(queried(description, dnnl_query_weights_md, &product->b));
        TRY(prepare_packing(product, shape));
    }
    *result = product;
done:
    if (description) dnnl_primitive_desc_destroy(description);
    if (operations) dnnl_post_ops_destroy(operations);
    if (attributes) dnnl_primitive_attr_destroy(attributes);
    if (status != dnnl_success) vb_product_destroy(product);
    return status;
}

void vb_product_destroy(vb_product *product) {
    if (product->primitive) dnnl_primitive_destroy(product->primitive);
    if (product->packing) dnnl_primitive_destroy(product->packing);
    forget(&product->a);
    forget(&product->b);
    forget(&product->c);
    forget(&product->given);
    forget(&product->bias_description);
    forget(&product->scratch);
    free(product->bias);
    free(product->scales);
    free(product);
}

int vb_product_is_reference(const vb_product *product) { return product->is_reference; }

size_t vb_product_scratch_size(const vb_product *product) { return size_of(&product->scratch); }

size_t vb_product_packed_size(const vb_product *product) {
    return product->packing ? size_of(&product->b) : 0;
}

int vb_product_pack(const vb_product *product, const void *b, void *packed) {
    prepare_thread();
    dnnl_status_t status = dnnl_success;
    dnnl_memory_t memories[2] = {NULL, NULL};
    TRY(make_memory(&memories[0], &product->given, b));
    TRY(make_memory(&memories[1], &product->b, packed));
    TRY(execute(product->packing, 2, (const int[]){DNNL_ARG_FROM, DNNL_ARG_TO}, memories));
done:
    if (memories[0]) dnnl_memory_destroy(memories[0]);
    if (memories[1]) dnnl_memory_destroy(memories[1]);
    return status;
}

int vb_product_run(
    const vb_product *product, const void *a, const void *b, void *c, void *scratch) {
    prepare_thread();
    dnnl_status_t status = dnnl_success;
    int codes[6], count = 0;
    dnnl_memory_t memories[6] = {NULL};
    const struct {
        int code;
        const descriptor *description;
        const void *bytes;
    } arguments[] = {
        {DNNL_ARG_SRC, &product->a, a},
        {DNNL_ARG_WEIGHTS, &product->b, b},
        {DNNL_ARG_DST, &product->c, c},
        {DNNL_ARG_SCRATCHPAD, &product->scratch, scratch},
        {DNNL_ARG_BIAS, &product->bias_description, product->bias},
#if DNNL_VERSION_MAJOR >= 3
        {DNNL_ARG_ATTR_SCALES | DNNL_ARG_WEIGHTS, &product->bias_description, product->scales},
#endif
    };
    for (size_t i = 0; i < sizeof arguments / sizeof *arguments; i++) {
        if (!arguments[i].bytes) continue;
        TRY(make_memory(&memories[count], arguments[i].description, arguments[i].bytes));
        codes[count++] = arguments[i].code;
    }
    TRY(execute(product->primitive, count, codes, memories));
done:
    for (int i = 0; i < count; i++) dnnl_memory_destroy(memories[i]);
    return status;
}

void vb_version(int version[3]) {
    const dnnl_version_t *found = dnnl_version();
    version[0] = found->major;
    version[1] = found->minor;
    version[2] = found->patch;
}

int vb_instruction_set(void) { return dnnl_get_effective_cpu_isa(); }

int vb_limit_instruction_set(vb_limit limit) {
    static const dnnl_cpu_isa_t sets[] = {
        [VB_AVX2] = dnnl_cpu_isa_avx2,
        [VB_AVX512] = dnnl_cpu_isa_avx512_core,
        [VB_AVX512_VNNI] = dnnl_cpu_isa_avx512_core_vnni,
        [VB_AVX512_BF16] = dnnl_cpu_isa_avx512_core_bf16,
        [VB_AMX] = dnnl_cpu_isa_avx512_core_amx,
    };
    dnnl_status_t status = dnnl_set_max_cpu_isa(sets[limit]);
    return status != dnnl_success || dnnl_get_effective_cpu_isa() != sets[limit];
}

int vb_sgemm(
    int transpose_a, int transpose_b, int64_t m, int64_t n, int64_t k, float alpha, const float *a,
    int64_t leading_a, const float *b, int64_t leading_b, float beta, float *c, int64_t leading_c) {
    prepare_thread();
    return dnnl_sgemm(
        transpose_a ? 'T' : 'N', transpose_b ? 'T' : 'N', m, n, k, alpha, a, leading_a, b, leading_b,
        beta, c, leading_c);
}
