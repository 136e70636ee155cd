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
    /// Type of A and B.
    vb_element input;
    vb_element output;
    vb_finish finish;
} vb_product_shape;

/// A product that is ready to run; immutable, so that any number of threads may run it.
typedef struct vb_product vb_product;

/// Prepares a product whose B is given with every run.
int vb_product_create(const vb_product_shape *shape, vb_product **product);

/// Prepares a product (batch 1, dense) with a B that is the same in every run: it is copied into
/// the layout the processor likes best.
///
/// `weights` is Bᵀ, (n, k), of the type `given`. `bias` (n) is added to every row unless null. With
/// VB_INT8, `scales` (n) multiply the columns of the result, and there is no bias.
int vb_product_create_packed(
    const vb_product_shape *shape, const void *weights, vb_element given, const float *bias,
    const float *scales, vb_product **product);

void vb_product_destroy(vb_product *product);

/// Bytes of scratch memory that a run needs.
size_t vb_product_scratch_size(const vb_product *product);

/// Runs the product; `b` is ignored if it was packed.
int vb_product_run(
    const vb_product *product, const void *a, const void *b, void *c, void *scratch);

/// C (m, n) = alpha · op(A) · op(B) + beta · C in float32, row-major; `transpose_a` means that A is
/// (k, m) in memory. The `leading` numbers are elements from one row in memory to the next.
int vb_sgemm(
    int transpose_a, int transpose_b, int64_t m, int64_t n, int64_t k, float alpha, const float *a,
    int64_t leading_a, const float *b, int64_t leading_b, float beta, float *c, int64_t leading_c);
