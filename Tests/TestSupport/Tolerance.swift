/// The largest difference between two arrays, relative to the largest expected magnitude.
public struct RelativeDifference: CustomStringConvertible {
    /// The difference; 0 if the arrays are equal.
    public let maximum: Double
    /// Where it is.
    public let index: Int
    private let found: Double
    private let expected: Double

    /// Compares `found` with `expected`.
    /// - Precondition: equal counts.
    public init(_ found: [Float], _ expected: [Float]) {
        precondition(found.count == expected.count, "\(found.count) against \(expected.count)")
        let scale = expected.reduce(Float(0)) { max($0, abs($1)) }
        var worst = (difference: -1.0, index: 0)
        for index in expected.indices {
            let difference = abs(Double(found[index]) - Double(expected[index]))
            if !(difference <= worst.difference) { worst = (difference, index) }
        }
        maximum = worst.difference / Double(max(scale, .leastNormalMagnitude))
        index = worst.index
        self.found = Double(found[worst.index])
        self.expected = Double(expected[worst.index])
    }

    /// The difference, its place and the two values there.
    public var description: String {
        "relative difference \(maximum) at \(index): \(found) instead of \(expected)"
    }
}
