// Dimension letters, used in every comment on shapes:
//   B batch (clips)   T frames   C channels   H W pixels   L tokens   D width   K heads   Q queries
// All arrays are dense and row-major unless a stride is stated.

/// A dense row-major array of Float32 with its shape.
public struct Tensor: Sendable, Equatable {
    public let shape: [Int]
    public var values: [Float]

    /// Number of elements.
    public var count: Int { values.count }

    /// - Precondition: `values.count` is the product of `shape`.
    public init(shape: [Int], values: [Float]) {
        precondition(values.count == shape.reduce(1, *), "\(values.count) values for \(shape)")
        self.shape = shape
        self.values = values
    }
}
