import Synchronization

/// What one thread needs to run the products of tiles by oneDNN's matmul.
struct TileWorkspace {
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

    /// Lends a workspace that nobody else uses meanwhile.
    static func withOne<Result>(_ body: (inout TileWorkspace) -> Result) -> Result {
        var workspace = idle.withLock { $0.popLast() } ?? TileWorkspace()
        defer { idle.withLock { $0.append(workspace) } }
        return body(&workspace)
    }

    /// Lends a matrix, Float32 (rows, columns) with `leading` elements from row to row, rounded to
    /// bfloat16 and without gaps between its rows; the span may be longer.
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

    /// The product of a dense A and a dense B, stored or added to C, with alpha = 1.
    /// - Parameters:
    ///   - tile: Its m, n, k, transposes, `leadingC` and `accumulate`.
    ///   - a: Float32 or bfloat16 (m, k), or (k, m) if A is transposed.
    ///   - b: Of the type of A, (k, n), or (n, k) if B is transposed.
    ///   - c: Float32 (m, n), `leadingC` elements from row to row.
    /// - Returns: Whether oneDNN does it well on this processor; if not, C is as it was.
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

    /// Stores `product`, Float32 (m, n), in the rows of C, or adds it.
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
