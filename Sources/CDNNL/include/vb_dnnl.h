#pragma once
#include <stddef.h>
#include <stdint.h>

// Matrix products by oneDNN, on the calling thread: all of its C API that we use, the same for
// versions 2 and 3. Functions return 0 or one of oneDNN's status codes.

/// Element types of matrices.
typedef enum { VB_FLOAT32, VB_BFLOAT16, VB_INT8 } vb_element;

/// What becomes of a product before it is stored.
typedef enum {
    /// C = A·B
    VB_STORE,
    /// C += A·B
    VB_ADD,
    /// C = gelu(A·B), with the error function
    VB_GELU,
    /// C = x·sigmoid(1.702 x) of x = A·B
    VB_QUICK_GELU
} vb_finish;

/// A batch of products C (m, n) = A (m, k) · B (k, n).
typedef struct {
    int64_t batch, m, n, k;
    /// Elements from one matrix, row and column to the next.
    int64_t a_strides[3], b_strides[3], c_strides[3];
    /// Type in which A and B are multiplied, and of A in memory.
    vb_element input;
    vb_element output;
    vb_finish finish;
    /// Whether B is copied, by `vb_product_pack`, to the layout and type the processor likes best
    /// before it is used. Then `batch` is 1.
    int packs_b;
    /// Type of B in memory; `input` unless it is packed.
    vb_element given;
} vb_product_shape;

/// A product that is ready to run; immutable, so that any number of threads may run it.
typedef struct vb_product vb_product;

/// The library's version: major, minor and patch.
void vb_version(int version[3]);

/// The largest instruction set that products use, as a number of oneDNN's `dnnl_cpu_isa_t`.
int vb_instruction_set(void);

typedef enum {
    VB_AVX2, VB_AVX512, VB_AVX512_VNNI, VB_AVX512_BF16, VB_AMX
} vb_limit;

/// Has products use no larger instruction set than `limit`; before the first use of anything else.
///
/// Returns 0, or something else if the processor has not all of `limit` or it is too late.
int vb_limit_instruction_set(vb_limit limit);

/// Prepares a product.
///
/// `bias` (n) is added to every row unless null. With VB_INT8, `scales` (n) multiply the columns of
/// the result, and there is no bias. Both are copied.
int vb_product_create(
    const vb_product_shape *shape, const float *bias, const float *scales, vb_product **product);

void vb_product_destroy(vb_product *product);

/// Whether oneDNN has nothing better for the product than its reference, a hundred times slower.
int vb_product_is_reference(const vb_product *product);

/// Bytes of scratch memory that a run needs.
size_t vb_product_scratch_size(const vb_product *product);

/// Bytes of a packed B; 0 if the product takes it as it is.
size_t vb_product_packed_size(const vb_product *product);

/// Packs `b` into `packed`, which is aligned to 64 bytes.
int vb_product_pack(const vb_product *product, const void *b, void *packed);

/// Runs the product with `b`, packed if the product packs it.
int vb_product_run(
    const vb_product *product, const void *a, const void *b, void *c, void *scratch);

/// C (m, n) = alpha · op(A) · op(B) + beta · C in float32, row-major; `transpose_a` means that A is
/// (k, m) in memory. The `leading` numbers are elements from one row in memory to the next.
int vb_sgemm(
    int transpose_a, int transpose_b, int64_t m, int64_t n, int64_t k, float alpha, const float *a,
    int64_t leading_a, const float *b, int64_t leading_b, float beta, float *c, int64_t leading_c);
