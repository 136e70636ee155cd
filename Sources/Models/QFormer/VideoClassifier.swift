import Tensors

/// What one pass over a batch yields.
public struct BatchResult: Sendable {
    /// The loss of each clip, unweighted.
    public let losses: [Double]
    /// Class scores before softmax, Float32 (B, classes).
    public let logits: [Float]
}

/// The trained part of the model, over frozen frame tokens.
///
/// Query tokens, Q-Former and classification head.
public struct VideoClassifier: Sendable {
    /// Shape of the Q-Former.
    public let configuration: QFormerConfiguration
    /// Number of classes, the width of the logits.
    public let numClasses: Int
    /// All parameters and their gradients.
    public var store: ParameterStore
    private let qformer: QFormer
    private let head: ClassificationHead

    /// Makes a model with seeded initial weights, named as in Hugging Face checkpoints.
    public init(configuration: QFormerConfiguration, numClasses: Int, seed: UInt64) {
        self.configuration = configuration
        self.numClasses = numClasses
        var store = ParameterStore()
        qformer = QFormer(configuration, in: &store, seed: seed)
        head = ClassificationHead(configuration, numClasses: numClasses, in: &store, seed: seed)
        self.store = store
    }

    /// Classifies clips.
    /// - Parameters:
    ///   - features: Frame tokens of B clips, Float32 (B, T·L, D).
    ///   - numClips: B, at least 1.
    /// - Returns: Logits, Float32 (B, classes).
    public func logits(features: Span<Float>, numClips: Int) -> [Float] {
        head.forward(
            queryOutput(features: features, numClips: numClips), dropout: nil, store
        ).logits
    }

    /// The Q-Former's output for the query tokens, Float32 (B·Q, width).
    func queryOutput(features: Span<Float>, numClips: Int) -> [Float] {
        checkExtent(features, numClips: numClips)
        return qformer.forward(tokens: features, numClips: numClips, dropout: nil, store).output
    }

    /// Adds the gradient of `weight` times the sum of the clips' losses to `store.gradients`.
    /// - Parameters:
    ///   - features: Frame tokens of the clips, Float32 (B, T·L, D).
    ///   - labels: Their class indices.
    ///   - weight: One over the clips of the whole update, so that the loss is their mean.
    ///   - labelSmoothing: Share of the target that is spread over all classes, from 0 to less than
    ///     1.
    ///   - dropout: Masks of this pass; `nil` for none.
    ///   - freezesQFormer: Whether only the head gets gradients.
    /// - Returns: Losses and logits of the clips.
    public mutating func accumulateGradients(
        features: Span<Float>, labels: [Int], weight: Float, labelSmoothing: Float = 0,
        dropout: Dropout? = nil, freezesQFormer: Bool = false
    ) -> BatchResult {
        checkExtent(features, numClips: labels.count)
        let (queries, cache) = qformer.forward(
            tokens: features, numClips: labels.count, dropout: freezesQFormer ? nil : dropout,
            store)
        let (logits, headCache) = head.forward(queries, dropout: dropout, store)
        var gradient = [Float](repeating: 0, count: logits.count)
        var span = gradient.mutableSpan
        let losses = crossEntropy(
            logits: logits.span, labels: labels, labelSmoothing: labelSmoothing, weight: weight,
            gradient: &span)
        let dQueries = head.backward(headCache, gradient: gradient, dropout: dropout, &store)
        if !freezesQFormer {
            qformer.backward(cache, gradient: dQueries, tokens: features, dropout: dropout, &store)
        }
        return BatchResult(losses: losses, logits: logits)
    }

    private func checkExtent(_ features: Span<Float>, numClips: Int) {
        let clip = features.count / max(1, numClips)
        precondition(
            numClips > 0 && clip * numClips == features.count && clip > 0
                && clip.isMultiple(of: configuration.encoderHiddenSize),
            "\(features.count) features for \(numClips) clips")
    }
}

// MARK: - Weights

extension VideoClassifier {
    /// Loads every parameter from `file`.
    /// - Throws: `ModelError` that names the tensor that is missing or has another shape, and both
    ///   shapes.
    public mutating func load(from file: SafetensorsFile) throws(ModelError) {
        for parameter in store.parameters {
            let values = try file.tensor(parameter.name, shape: parameter.shape)
            store.values.replaceSubrange(parameter.range, with: values)
        }
    }

    /// Loads query tokens and Q-Former from a pretrained model; the head keeps its weights.
    /// - Throws: `ModelError` if a tensor is missing or has another shape.
    public mutating func loadQFormer(from model: ModelDirectory) throws(ModelError) {
        for parameter in store.parameters where !parameter.isHead {
            let values = try model.weights.tensor(parameter.name, parameter.shape)
            store.values.replaceSubrange(parameter.range, with: values)
        }
    }

    /// All parameters by their Hugging Face names.
    public func namedTensors() -> [NamedTensor] {
        store.parameters.map { NamedTensor(name: $0.name, tensor: store.tensor($0)) }
    }
}
