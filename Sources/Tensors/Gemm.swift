import CDNNL
import COpenBLAS
import Synchronization

/// The libraries that multiply float32 matrices.
public enum GemmLibrary: CaseIterable, Sendable {
    case openBLAS, oneDNN

    /// The faster one for the shapes of the Q-Former.
    ///
    /// Measured, on one thread: with AVX2 oneDNN reaches 0.7 to 1.0 times OpenBLAS's rate; with
    /// AVX-512 its prepared products reach 1.02 to 1.3 times it, and more if B is packed
    /// beforehand. The processor alone decides, so that runs can be repeated bit for bit.
    public static let preferred: GemmLibrary =
        Processor.features.contains("avx512f") ? .oneDNN : .openBLAS
}

/// Matrix product on the calling thread.
///
/// Source: BLAS `cblas_sgemm`, or oneDNN's matmul and `dnnl_sgemm`.
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
    unsafe forEachTile(of: shape, a, b, &c, size: (shape.m, shape.n), inParallel: false) {
        unsafe multiply($0, $1, $2, $3, library)
    }
}

/// Matrix product divided into tiles among the math threads.
///
/// The tiles depend on the shape alone, so the bits of the result do not depend on the number of
/// threads.
public func gemmInParallel(
    _ shape: GemmShape, _ a: Span<Float>, _ b: Span<Float>, into c: inout MutableSpan<Float>
) {
    let tile = shape.numProducts > 1 ? (shape.m, shape.n) : (256, 192)
    unsafe forEachTile(of: shape, a, b, &c, size: tile, inParallel: true) {
        unsafe multiply($0, $1, $2, $3, .preferred)
    }
}

/// `gemmInParallel` of A and B rounded to bfloat16; sums and C stay Float32.
/// - Precondition: the processor has bfloat16; one product, and alpha is 1; the rows of A are dense,
///   or those of B if A is transposed.
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

private func narrowed(_ values: Span<Float>) -> [BFloat16] {
    var narrow = [BFloat16](repeating: .zero, count: values.count)
    unsafe narrow.withUnsafeMutableBufferPointer { buffer in
        forEachBlockInParallel(of: values.count) { range in
            // Guard: each block is a range of its own.
            var part = unsafe MutableSpan(_unsafeElements: buffer.extracting(range))
            floatToBFloat16(values.extracting(range), into: &part)
        }
    }
    return narrow
}

// MARK: - Tiles

/// Calls `body` for each tile of each product, with the addresses of its A, B and C.
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
                    forEachInParallel(count, multiplyTile)
                } else {
                    for index in 0..<count { multiplyTile(index) }
                }
            }
        }
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

// MARK: - oneDNN's matmul

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

/// What one thread needs to run the products of tiles by oneDNN's matmul.
private struct TileWorkspace {
    private var scratch = ProductScratch()
    /// C before it goes to its place.
    private var product: [Float] = []
    /// A factor of a tile, rounded.
    private var narrow: [BFloat16] = []

    private struct Key: Hashable {
        let m: Int
        let n: Int
        let k: Int
        let transposeA: Bool
        let transposeB: Bool
        let accumulate: Bool
        let input: MatrixElementType
    }

    private static let idle = Mutex<[TileWorkspace]>([])
    private static let products = Mutex<[Key: MatrixProduct]>([:])
    /// More shapes than this mean that lengths vary without end.
    private static let maximumProducts = 4096

    static func withOne<Result>(_ body: (inout TileWorkspace) -> Result) -> Result {
        var workspace = idle.withLock { $0.popLast() } ?? TileWorkspace()
        defer { idle.withLock { $0.append(workspace) } }
        return body(&workspace)
    }

    /// Lends a matrix rounded and without gaps between its rows.
    mutating func withRounded<Result>(
        _ matrix: UnsafePointer<Float>, rows: Int, columns: Int, leading: Int,
        _ body: (inout TileWorkspace, Span<BFloat16>) -> Result
    ) -> Result {
        var narrow = take(\.narrow, count: rows * columns, of: .zero)
        defer { self.narrow = narrow }
        unsafe narrow.withUnsafeMutableBufferPointer { buffer in
            for row in 0..<rows {
                var part = unsafe MutableSpan(
                    _unsafeElements: buffer.extracting(row * columns..<(row + 1) * columns))
                unsafe floatToBFloat16(
                    Span(_unsafeStart: matrix + row * leading, count: columns), into: &part)
            }
        }
        return body(&self, narrow.span)
    }

    /// Moves a buffer out, with room for `count` elements.
    private mutating func take<Element>(
        _ path: WritableKeyPath<Self, [Element]>, count: Int, of element: Element
    ) -> [Element] {
        var buffer: [Element] = []
        swap(&self[keyPath: path], &buffer)
        return buffer.count >= count ? buffer : [Element](repeating: element, count: count)
    }

    /// The product of a dense A and a dense B, stored or added to C.
    /// - Returns: whether oneDNN does it well on this processor; if not, C is as it was.
    mutating func multiply<Element: MatrixElement>(
        _ tile: GemmShape, _ a: Span<Element>, _ b: Span<Element>,
        into c: UnsafeMutablePointer<Float>
    ) -> Bool {
        let isDense = tile.leadingC == tile.n
        let key = Key(
            m: tile.m, n: tile.n, k: tile.k, transposeA: tile.transposeA,
            transposeB: tile.transposeB, accumulate: isDense && tile.accumulate,
            input: Element.elementType)
        guard let matmul = Self.matmul(key), !matmul.isReference else { return false }
        let count = tile.m * tile.n
        if isDense {
            var target = unsafe MutableSpan(_unsafeStart: c, count: count)
            matmul.run(a, b, into: &target, &scratch)
            return true
        }
        var product = take(\.product, count: count, of: 0)
        defer { self.product = product }
        var span = product.mutableSpan
        matmul.run(a, b, into: &span, &scratch)
        unsafe product.withUnsafeBufferPointer { product in
            guard let product = product.baseAddress else { return }
            unsafe put(product, tile, into: c)
        }
        return true
    }

    /// Stores `product` in the rows of C, or adds it.
    private func put(
        _ product: UnsafePointer<Float>, _ tile: GemmShape, into c: UnsafeMutablePointer<Float>
    ) {
        for row in 0..<tile.m {
            let (target, source) = unsafe (c + row * tile.leadingC, product + row * tile.n)
            for column in stride(from: 0, to: tile.n, by: 8) {
                let count = min(8, tile.n - column)
                var sum = unsafe source.vector(at: column, count: count)
                if tile.accumulate { sum += unsafe target.vector(at: column, count: count) }
                unsafe target.store(sum, at: column, count: count)
            }
        }
    }

    /// The product, set up once; `nil` if the processor cannot do it.
    private static func matmul(_ key: Key) -> MatrixProduct? {
        if let known = products.withLock({ $0[key] }) { return known }
        typealias Strides = MatrixProduct.Strides
        func strides(rows: Int, columns: Int, isTransposed: Bool) -> Strides {
            isTransposed ? Strides(row: 1, column: rows) : Strides(row: columns)
        }
        let matmul = try? MatrixProduct(
            m: key.m, n: key.n, k: key.k,
            a: strides(rows: key.m, columns: key.k, isTransposed: key.transposeA),
            b: strides(rows: key.k, columns: key.n, isTransposed: key.transposeB),
            c: Strides(row: key.n), input: key.input, output: .float32,
            finish: key.accumulate ? .add : .store)
        guard let matmul else { return nil }
        products.withLock {
            if $0.count >= maximumProducts { $0.removeAll() }
            $0[key] = matmul
        }
        return matmul
    }
}
