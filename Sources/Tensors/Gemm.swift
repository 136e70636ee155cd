import CDNNL
import COpenBLAS

/// The libraries that multiply float32 matrices.
public enum GemmLibrary: CaseIterable, Sendable {
    case openBLAS, oneDNN

    /// The faster one for the shapes of the Q-Former.
    ///
    /// Measured, on one thread: with AVX2 oneDNN reaches 0.7 to 1.0 times OpenBLAS's rate; with
    /// AVX-512 its prepared products reach 1.02 to 1.3 times it, and more if B is packed
    /// beforehand. The instruction set alone decides, so that runs can be repeated bit for bit.
    public static let preferred: GemmLibrary =
        MathLibrary.hasAVX512 ? .oneDNN : .openBLAS
}

/// C = alpha · op(A) · op(B), or C += that, as `shape` says, on the calling thread.
///
/// Source: BLAS `cblas_sgemm`, or oneDNN's matmul and `dnnl_sgemm`.
/// - Precondition: The spans hold every element that `shape` reaches; `requireOpenBLAS` has
///   succeeded if OpenBLAS is the preferred library.
/// - Parameters:
///   - shape: m, n, k, transposes, row distances and batches.
///   - a: Float32 (m, k), or (k, m) if A is transposed.
///   - b: Float32 (k, n), or (n, k) if B is transposed.
///   - c: Float32 (m, n); elements between its rows stay.
public func gemm(
    _ shape: GemmShape, _ a: Span<Float>, _ b: Span<Float>, into c: inout MutableSpan<Float>
) {
    gemm(shape, a, b, into: &c, library: .preferred)
}

/// `gemm` with a chosen library.
func gemm(
    _ shape: GemmShape, _ a: Span<Float>, _ b: Span<Float>, into c: inout MutableSpan<Float>,
    library: GemmLibrary
) {
    unsafe forEachTile(of: shape, a, b, &c, size: (shape.m, shape.n), inParallel: false) {
        unsafe multiply($0, $1, $2, $3, library)
    }
}

/// `gemm`, divided into tiles among the math threads.
///
/// The tiles depend on the shape alone, so the bits of the result do not depend on the number of
/// threads.
/// - Precondition: as for `gemm`; the products of a batch write to different elements of C.
public func gemmInParallel(
    _ shape: GemmShape, _ a: Span<Float>, _ b: Span<Float>, into c: inout MutableSpan<Float>
) {
    let tile = shape.numProducts > 1 ? (shape.m, shape.n) : (256, 192)
    unsafe forEachTile(of: shape, a, b, &c, size: tile, inParallel: true) {
        unsafe multiply($0, $1, $2, $3, .preferred)
    }
}

/// `gemmInParallel` of A and B rounded to bfloat16; sums and C stay Float32.
/// - Precondition: oneDNN has bfloat16 products for this processor; one product, and alpha is 1;
///   the rows of A are dense, or those of B if A is transposed; the spans hold every element that
///   `shape` reaches.
public func gemmInBFloat16(
    _ shape: GemmShape, _ a: Span<Float>, _ b: Span<Float>, into c: inout MutableSpan<Float>
) {
    precondition(shape.numProducts == 1 && shape.alpha == 1)
    // One factor is rounded at once and read by every tile, the other tile by tile.
    if shape.transposeA {
        precondition(shape.isBDense)
        let narrow = narrowed(b.extracting(first: shape.k * shape.n))
        unsafe forEachTile(of: shape, a, narrow.span, &c, size: (128, shape.n), inParallel: true) {
            tile, a, b, c in
            let isDone = TileWorkspace.withOne { workspace in
                unsafe workspace.withRounded(
                    a, rows: tile.k, columns: tile.m, leading: tile.leadingA
                ) { workspace, a in
                    unsafe workspace.multiply(
                        tile, a, Span(_unsafeStart: b, count: tile.k * tile.n), into: c)
                }
            }
            precondition(isDone, "bfloat16 on a processor that has none")
        }
    } else {
        precondition(shape.isADense)
        let narrow = narrowed(a.extracting(first: shape.m * shape.k))
        unsafe forEachTile(of: shape, narrow.span, b, &c, size: (shape.m, 128), inParallel: true) {
            tile, a, b, c in
            let isDone = TileWorkspace.withOne { workspace in
                unsafe workspace.withRounded(
                    b, rows: tile.transposeB ? tile.n : tile.k,
                    columns: tile.transposeB ? tile.k : tile.n, leading: tile.leadingB
                ) { workspace, b in
                    unsafe workspace.multiply(
                        tile, Span(_unsafeStart: a, count: tile.m * tile.k), b, into: c)
                }
            }
            precondition(isDone, "bfloat16 on a processor that has none")
        }
    }
}

/// `values`, of any shape, rounded to bfloat16 by the math threads.
private func narrowed(_ values: Span<Float>) -> [BFloat16] {
    var narrow = [BFloat16](repeating: .zero, count: values.count)
    narrow.forEachBlockInParallel { range, part in
        floatToBFloat16(values.extracting(range), into: &part)
    }
    return narrow
}

// MARK: - Tiles

/// Calls `body` for each tile of each product, with the addresses of its A, B and C.
///
/// A tile is up to `tile.m` × `tile.n` of C and the whole k; row distances are those of `shape`.
private func forEachTile<A, B>(
    of shape: GemmShape, _ a: Span<A>, _ b: Span<B>, _ c: inout MutableSpan<Float>,
    size tile: (m: Int, n: Int), inParallel: Bool,
    _ body: (
        GemmShape, UnsafePointer<A>, UnsafePointer<B>, UnsafeMutablePointer<Float>
    ) -> Void
) {
    guard shape.m > 0, shape.n > 0, shape.numProducts > 0 else { return }
    shape.requireExtents(a: a.count, b: b.count, c: c.count)
    let rows = (shape.m + tile.m - 1) / tile.m
    let columns = (shape.n + tile.n - 1) / tile.n
    unsafe a.withUnsafeBufferPointer { a in
        unsafe b.withUnsafeBufferPointer { b in
            unsafe c.withUnsafeMutableBufferPointer { c in
                guard let a = a.baseAddress, let b = b.baseAddress, let c = c.baseAddress else {
                    return
                }
                func multiplyTile(_ index: Int) {
                    let start = shape.offsets(ofProduct: index / (rows * columns))
                    let row = index / columns % rows * tile.m
                    let column = index % columns * tile.n
                    let block = shape.block(
                        rows: min(tile.m, shape.m - row), columns: min(tile.n, shape.n - column))
                    unsafe body(
                        block, a + start.a + row * (shape.transposeA ? 1 : shape.leadingA),
                        b + start.b + column * (shape.transposeB ? shape.leadingB : 1),
                        c + start.c + row * shape.leadingC + column)
                }
                let count = shape.numProducts * rows * columns
                if inParallel {
                    // Guard: each tile is written by its own call.
                    unsafe forEachInParallelUnchecked(count, multiplyTile)
                } else {
                    for index in 0..<count { multiplyTile(index) }
                }
            }
        }
    }
}

/// One product of Float32 matrices that lie as `shape` says, batches aside.
private func multiply(
    _ shape: GemmShape, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>,
    _ c: UnsafeMutablePointer<Float>, _ library: GemmLibrary
) {
    let beta: Float = shape.accumulate ? 1 : 0
    switch library {
    case .openBLAS:
        unsafe OpenBLAS.sgemm(
            CblasRowMajor, shape.transposeA ? CblasTrans : CblasNoTrans,
            shape.transposeB ? CblasTrans : CblasNoTrans, blasint(shape.m), blasint(shape.n),
            blasint(shape.k), shape.alpha, a, blasint(shape.leadingA), b, blasint(shape.leadingB),
            beta, c, blasint(shape.leadingC))
    case .oneDNN:
        if shape.suitsMatmul {
            let isDone = TileWorkspace.withOne { workspace in
                unsafe workspace.multiply(
                    shape, Span(_unsafeStart: a, count: shape.m * shape.k),
                    Span(_unsafeStart: b, count: shape.n * shape.k), into: c)
            }
            if isDone { return }
        }
        let status = unsafe vb_sgemm(
            shape.transposeA ? 1 : 0, shape.transposeB ? 1 : 0, Int64(shape.m), Int64(shape.n),
            Int64(shape.k), shape.alpha, a, Int64(shape.leadingA), b, Int64(shape.leadingB), beta,
            c, Int64(shape.leadingC))
        precondition(status == 0, "oneDNN refuses \(shape) (\(status))")
    }
}

extension GemmShape {
    fileprivate var isADense: Bool { leadingA == (transposeA ? m : k) }
    fileprivate var isBDense: Bool { leadingB == (transposeB ? k : n) }

    /// Whether oneDNN's matmul is faster than its `dnnl_sgemm`.
    ///
    /// It is 1.05 to 1.6 times as fast if B is transposed (measured), but not for products so small
    /// that its set-up counts, and it wants dense matrices.
    fileprivate var suitsMatmul: Bool {
        transposeB && !transposeA && alpha == 1 && isADense && isBDense && m * n * k >= 1 << 20
    }
}
