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

    /// Elements from the first to the last of a matrix.
    private func extent(_ rows: Int, _ columns: Int, _ leading: Int) -> Int {
        precondition(columns <= leading, "rows of \(columns) overlap at distance \(leading)")
        return (rows - 1) * leading + columns
    }

    /// Stops the program if A, B or C has fewer elements than all products reach.
    func requireExtents(a: Int, b: Int, c: Int) {
        let last = batches.reduce(into: (a: 0, b: 0, c: 0)) { sum, batch in
            sum.a += (batch.count - 1) * batch.strideA
            sum.b += (batch.count - 1) * batch.strideB
            sum.c += (batch.count - 1) * batch.strideC
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

extension GemmShape {
    /// The part of a product that gives `rows` × `columns` of C.
    func block(rows: Int, columns: Int) -> GemmShape {
        GemmShape(
            m: rows, n: columns, k: k, transposeA: transposeA, transposeB: transposeB,
            leadingA: leadingA, leadingB: leadingB, leadingC: leadingC, alpha: alpha,
            accumulate: accumulate)
    }
}
