public import Tensors

/// One named tensor of a `ParameterStore`.
public struct Parameter: Sendable, Equatable {
    /// The name in Hugging Face checkpoints.
    public let name: String
    /// Extents, as in Hugging Face checkpoints.
    public let shape: [Int]
    /// Where its elements lie in the store's buffers.
    public let range: Range<Int>
    /// Whether weight decay applies: not to biases, not to layer norms.
    public let decays: Bool

    /// Whether it belongs to the head, which is trained even when the Q-Former is frozen.
    public var isHead: Bool { name.hasPrefix("classifier.") }
}

/// All parameters of a model in one buffer, with their gradients in another of the same layout.
public struct ParameterStore: Sendable {
    /// The parameters in the order of the buffers.
    public private(set) var parameters: [Parameter] = []
    /// Elements of all parameters, one after the other.
    public var values: [Float] = []
    /// Gradients, in the layout of `values`.
    public var gradients: [Float] = []

    /// Adds a parameter with its seeded initial values (see `makeInitialValues`).
    mutating func add(_ name: String, _ shape: [Int], seed: UInt64) -> Parameter {
        let count = shape.reduce(1, *)
        let parameter = Parameter(
            name: name, shape: shape, range: values.count..<values.count + count,
            decays: !name.hasSuffix(".bias") && !isNormWeight(name))
        parameters.append(parameter)
        values += makeInitialValues(name: name, count: count, seed: seed)
        gradients += repeatElement(0, count: count)
        return parameter
    }

    /// The values of `parameter` as a tensor of its own.
    public func tensor(_ parameter: Parameter) -> Tensor {
        Tensor(shape: parameter.shape, values: Array(values[parameter.range]))
    }

    /// Sets all gradients to zero.
    public mutating func clearGradients() {
        for index in gradients.indices { gradients[index] = 0 }
    }

    /// Adds the product described by `shape` to the gradient of `parameter`.
    mutating func addProduct(
        _ shape: GemmShape, _ a: Span<Float>, _ b: Span<Float>, to parameter: Parameter
    ) {
        gradients.withMutableSpan(of: parameter.range) { gradient in
            gemmInParallel(shape, a, b, into: &gradient)
        }
    }
}

/// The product described by `shape`, written to or accumulated in an array.
func product(_ shape: GemmShape, _ a: Span<Float>, _ b: Span<Float>, into c: inout [Float]) {
    var span = c.mutableSpan
    gemmInParallel(shape, a, b, into: &span)
}
