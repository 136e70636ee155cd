/// How well the tokens of one computation keep the direction of those of another.
public struct TokenFidelity: Sendable, Equatable {
    /// Smallest cosine of all tokens.
    public private(set) var worst = 1.0
    /// Number of tokens compared.
    public private(set) var count = 0
    private var sum = 0.0

    /// Mean cosine; 1 if there are no tokens.
    public var mean: Double { count == 0 ? 1 : sum / Double(count) }

    /// Starts with no tokens.
    public init() {}

    /// Compares Float32 (tokens, `width`) with Float32 (tokens, `width`).
    /// - Precondition: equal counts, a multiple of `width`.
    public init(_ found: Span<Float>, _ expected: Span<Float>, width: Int) {
        add(found, expected, width: width)
    }

    /// Adds the tokens of Float32 (tokens, `width`) beside Float32 (tokens, `width`).
    /// - Precondition: equal counts, a multiple of `width`.
    public mutating func add(_ found: Span<Float>, _ expected: Span<Float>, width: Int) {
        precondition(found.count == expected.count && found.count.isMultiple(of: width))
        for start in stride(from: 0, to: found.count, by: width) {
            var (xy, xx, yy) = (0.0, 0.0, 0.0)
            for index in start..<start + width {
                let (x, y) = (Double(found[index]), Double(expected[index]))
                xy += x * y
                xx += x * x
                yy += y * y
            }
            // Written so that NaN counts as the worst.
            let cosine = xy / (xx * yy).squareRoot()
            worst = cosine >= worst ? worst : (cosine.isNaN ? -1 : cosine)
            sum += cosine.isNaN ? -1 : cosine
            count += 1
        }
    }
}
