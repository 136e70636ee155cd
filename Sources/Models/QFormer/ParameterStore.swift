import Tensors

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
    /// Initial value of all its elements, if not random; pretrained Q-Formers lack such parameters.
    let initialValue: Float?
    /// Whether training changes it.
    public let isTrained: Bool

    /// Whether it belongs to the head, which is trained even when the Q-Former is frozen.
    public var isHead: Bool { name.hasPrefix("classifier.") }
}

/// All parameters of a model in one buffer, with their gradients in another of the same layout.
public struct ParameterStore: Sendable {
    /// The parameters in the order of the buffers.
    public private(set) var parameters: [Parameter] = []
    /// Elements of all parameters, one after the other.
    public var values: [Float] = []
    /// Gradients, in the layout of `values`; empty until a model that was loaded is trained.
    public var gradients: [Float] = []
    /// Number format of the products of `Linear` layers.
    var precision: TrainingPrecision = .float32

    /// Makes room for a parameter; `initialize` gives it its values.
    mutating func add(
        _ name: String, _ shape: [Int], initialValue: Float? = nil, isTrained: Bool = true
    ) -> Parameter {
        let start = parameters.last?.range.upperBound ?? 0
        let parameter = Parameter(
            name: name, shape: shape, range: start..<start + shape.reduce(1, *),
            decays: !name.hasSuffix(".bias") && !isNormWeight(name) && initialValue == nil,
            initialValue: initialValue, isTrained: isTrained)
        parameters.append(parameter)
        return parameter
    }

    /// Gives all parameters their seeded initial values (see `InitialValues`).
    ///
    /// BERT's deviation of 0.02 suits inputs some 2,500 wide. With `scalesCrossAttention` that of
    /// cross-attention is 1 / √inputs, or else the frames would hardly move a narrow Q-Former.
    mutating func initialize(seed: UInt64, scalesCrossAttention: Bool = false) {
        let count = parameters.last?.range.upperBound ?? 0
        values = [Float](repeating: 0, count: count)
        gradients = values
        let parameters = parameters
        values.forEachInParallel(of: parameters.map(\.range)) { index, span in
            let parameter = parameters[index]
            let isScaled = scalesCrossAttention && parameter.name.contains(".crossattention.")
            let initial = InitialValues(
                name: parameter.name, seed: seed,
                deviation: isScaled
                    ? 1 / Float(parameter.shape[parameter.shape.count - 1]).squareRoot() : 0.02)
            for position in 0..<span.count {
                span[position] = parameter.initialValue ?? initial[position]
            }
        }
    }

    /// Makes room for values that are about to be loaded; see `allocateGradients` for gradients.
    mutating func allocateValues() {
        values = [Float](repeating: 0, count: parameters.last?.range.upperBound ?? 0)
    }

    /// Makes room for gradients, if there is none.
    mutating func allocateGradients() {
        guard gradients.isEmpty else { return }
        gradients = [Float](repeating: 0, count: values.count)
    }

    /// Replaces the values of the parameter called `name`.
    /// - Precondition: there is one, of as many elements.
    mutating func set(_ name: String, to values: [Float]) {
        guard let parameter = parameters.first(where: { $0.name == name }) else {
            preconditionFailure("no parameter \(name)")
        }
        precondition(values.count == parameter.range.count, "\(values.count) values of \(name)")
        self.values.replaceSubrange(parameter.range, with: values)
    }

    /// Sets all gradients to zero.
    public mutating func clearGradients() {
        gradients.forEachBlockInParallel { _, span in span.update(repeating: 0) }
    }

    /// Adds the product described by `shape` to the gradient of `parameter`.
    mutating func addProduct(
        _ shape: GemmShape, _ a: Span<Float>, _ b: Span<Float>, to parameter: Parameter
    ) {
        gradients.withMutableSpan(of: parameter.range) { gradient in
            precision.multiply(shape, a, b, into: &gradient)
        }
    }
}

extension TrainingPrecision {
    /// The product of matrices rounded to this precision, by the math threads.
    ///
    /// Shapes are those of `gemmInParallel`, or of `gemmInBFloat16`, whose preconditions hold.
    func multiply(
        _ shape: GemmShape, _ a: Span<Float>, _ b: Span<Float>, into c: inout MutableSpan<Float>
    ) {
        switch self {
        case .float32: gemmInParallel(shape, a, b, into: &c)
        case .bfloat16: gemmInBFloat16(shape, a, b, into: &c)
        }
    }
}
