import CDNNL
import COpenBLAS

/// The libraries that multiply float32 matrices.
enum GemmLibrary: CaseIterable, Sendable {
    case openBLAS, oneDNN

    /// The faster one for the shapes of the Q-Former.
    ///
    /// With AVX2, on one thread, oneDNN reaches 0.7 to 1.0 times OpenBLAS's rate (measured); with
    /// AVX-512 its float32 products are 1.2 times as fast (issue 5, which measured another entry
    /// of oneDNN than this one). The processor alone decides, so that runs can be repeated bit for
    /// bit.
    static let preferred: GemmLibrary =
        Processor.features.contains("avx512f") ? .oneDNN : .openBLAS
}

/// How many matrices follow each other in memory, and how far apart they are.
public struct GemmBatch: Sendable {
    /// Number of matrices.
    public let count: Int
    /// Elements from one A to the next; 0 if all products share it.
    public let strideA: Int
    /// Elements from one B to the next; 0 if all products share it.
    public let strideB: Int
    /// Elements from one C to the next.
    public let strideC: Int

    /// Creates the batch from its count and strides, all in elements.
    public init(count: Int, strideA: Int, strideB: Int, strideC: Int) {
        self.count = count
        self.strideA = strideA
        self.strideB = strideB
        self.strideC = strideC
    }
}

/// The product C (m, n) = alpha · op(A) (m, k) · op(B) (k, n), added to C if `accumulate`.
///
/// Leading dimensions are the distances between rows of A, B and C as they lie in memory; by
/// default rows are dense.
public struct GemmShape: Sendable {
    /// Rows of op(A) and C.
    public let m: Int
    /// Columns of op(B) and C.
    public let n: Int
    /// Columns of op(A), rows of op(B).
    public let k: Int
    /// Whether op(A) = Aᵀ, with A as (k, m) in memory.
    public var transposeA: Bool
    /// Whether op(B) = Bᵀ, with B as (n, k) in memory.
    public var transposeB: Bool
    /// Elements from one row of A to the next.
    public var leadingA: Int
    /// Elements from one row of B to the next.
    public var leadingB: Int
    /// Elements from one row of C to the next.
    public var leadingC: Int
    /// Factor of the product.
    public var alpha: Float
    /// Whether the product is added to C instead of replacing it.
    public var accumulate: Bool
    /// Up to two nested batch dimensions, such as clips × heads.
    public var batches: [GemmBatch]

    /// Describes the product; a leading dimension that is not given is that of dense rows.
    public init(
        m: Int, n: Int, k: Int, transposeA: Bool = false, transposeB: Bool = false,
        leadingA: Int? = nil, leadingB: Int? = nil, leadingC: Int? = nil, alpha: Float = 1,
        accumulate: Bool = false, batches: [GemmBatch] = []
    ) {
        self.m = m
        self.n = n
        self.k = k
        self.transposeA = transposeA
        self.transposeB = transposeB
        self.leadingA = leadingA ?? (transposeA ? m : k)
        self.leadingB = leadingB ?? (transposeB ? k : n)
        self.leadingC = leadingC ?? n
        self.alpha = alpha
        self.accumulate = accumulate
        self.batches = batches
    }

    var numProducts: Int { batches.reduce(1) { $0 * $1.count } }

    /// Where the matrices of product `index` start.
    func offsets(ofProduct index: Int) -> (a: Int, b: Int, c: Int) {
        var rest = index
        var offsets = (a: 0, b: 0, c: 0)
        for batch in batches.reversed() {
            let position = rest % batch.count
            rest /= batch.count
            offsets.a += position * batch.strideA
            offsets.b += position * batch.strideB
            offsets.c += position * batch.strideC
        }
        return offsets
    }

    func requireExtents(a: Int, b: Int, c: Int) {
        let last = batches.reduce(into: (a: 0, b: 0, c: 0)) { sum, batch in
            sum.a += (batch.count - 1) * batch.strideA
            sum.b += (batch.count - 1) * batch.strideB
            sum.c += (batch.count - 1) * batch.strideC
        }
        func extent(_ rows: Int, _ columns: Int, _ leading: Int) -> Int {
            precondition(columns <= leading, "rows of \(columns) overlap at distance \(leading)")
            return (rows - 1) * leading + columns
        }
        let needed = (
            a: last.a + (transposeA ? extent(k, m, leadingA) : extent(m, k, leadingA)),
            b: last.b + (transposeB ? extent(n, k, leadingB) : extent(k, n, leadingB)),
            c: last.c + extent(m, n, leadingC)
        )
        precondition(
            needed.a <= a && needed.b <= b && needed.c <= c,
            "\(self) needs \(needed), got \((a, b, c))")
    }
}

/// Matrix product on the calling thread.
///
/// Source: BLAS `cblas_sgemm`, or oneDNN `dnnl_sgemm`.
public func gemm(
    _ shape: GemmShape, _ a: Span<Float>, _ b: Span<Float>, into c: inout MutableSpan<Float>
) {
    gemm(shape, a, b, into: &c, library: .preferred)
}

/// The same by a library of choice.
func gemm(
    _ shape: GemmShape, _ a: Span<Float>, _ b: Span<Float>, into c: inout MutableSpan<Float>,
    library: GemmLibrary
) {
    multiply(shape, a, b, into: &c, tile: (shape.m, shape.n), library) { count, body in
        for index in 0..<count { body(index) }
    }
}

/// Matrix product divided into tiles among the math threads.
///
/// The tiles depend on the shape alone, so the bits of the result do not depend on the number of
/// threads.
public func gemmInParallel(
    _ shape: GemmShape, _ a: Span<Float>, _ b: Span<Float>, into c: inout MutableSpan<Float>
) {
    let tile = shape.numProducts > 1 ? (shape.m, shape.n) : (128, 384)
    multiply(shape, a, b, into: &c, tile: tile, .preferred, forEach: forEachInParallel)
}

private func multiply(
    _ shape: GemmShape, _ a: Span<Float>, _ b: Span<Float>, into c: inout MutableSpan<Float>,
    tile: (m: Int, n: Int), _ library: GemmLibrary, forEach: (Int, (Int) -> Void) -> Void
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
                forEach(shape.numProducts * rows * columns) { index in
                    let start = shape.offsets(ofProduct: index / (rows * columns))
                    let row = index / columns % rows * tile.m
                    let column = index % columns * tile.n
                    let block = shape.block(
                        rows: min(tile.m, shape.m - row), columns: min(tile.n, shape.n - column))
                    unsafe multiply(
                        block, a + start.a + row * (shape.transposeA ? 1 : shape.leadingA),
                        b + start.b + column * (shape.transposeB ? shape.leadingB : 1),
                        c + start.c + row * shape.leadingC + column, library)
                }
            }
        }
    }
}

extension GemmShape {
    /// The part of a product that gives `rows` × `columns` of C.
    fileprivate func block(rows: Int, columns: Int) -> GemmShape {
        GemmShape(
            m: rows, n: columns, k: k, transposeA: transposeA, transposeB: transposeB,
            leadingA: leadingA, leadingB: leadingB, leadingC: leadingC, alpha: alpha,
            accumulate: accumulate)
    }
}

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
        let status = unsafe vb_sgemm(
            shape.transposeA ? 1 : 0, shape.transposeB ? 1 : 0, Int64(shape.m), Int64(shape.n),
            Int64(shape.k), shape.alpha, a, Int64(shape.leadingA), b, Int64(shape.leadingB), beta,
            c, Int64(shape.leadingC))
        precondition(status == 0, "oneDNN refuses \(shape) (\(status))")
    }
}
