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
        self.init(layoutOf: configuration, numClasses: numClasses)
        store.initialize(seed: seed, scalesCrossAttention: configuration.frameOrder != nil)
    }

    /// The parameters of a model without values, which need no memory.
    private init(layoutOf configuration: QFormerConfiguration, numClasses: Int) {
        self.configuration = configuration
        self.numClasses = numClasses
        var store = ParameterStore()
        qformer = QFormer(configuration, in: &store)
        head = ClassificationHead(configuration, numClasses: numClasses, in: &store)
        self.store = store
    }

    /// Makes a model with the Q-Former of a pretrained one; the head has seeded initial weights.
    /// - Throws: `ModelError.missingTensor` or `.wrongShape` before anything is allocated;
    ///   `.malformedWeights`, `.invalidValues`, `.unknownTensors` or `.file`.
    public init(
        qformerOf model: ModelDirectory, _ configuration: QFormerConfiguration, numClasses: Int,
        seed: UInt64
    ) throws(ModelError) {
        self.init(layoutOf: configuration, numClasses: numClasses)
        let names = QFormerNames(model.weights)
        let pretrained = store.parameters.filter { !$0.isHead && $0.initialValue == nil }
        for parameter in pretrained {
            try model.weights.require(names[parameter.name], parameter.shape)
        }
        store.initialize(seed: seed)
        for parameter in pretrained {
            let values = try model.weights.tensor(names[parameter.name], parameter.shape)
            store.values.replaceSubrange(parameter.range, with: values)
        }
        try model.weights.requireAllKnown(
            afterReading: .qformer, model.vision.architecture,
            readsText: configuration.text != nil)
    }

    /// Makes a model with all weights of `file`.
    /// - Throws: `ModelError.missingTensor` or `.wrongShape` before anything is allocated;
    ///   `.malformedWeights`, `.invalidValues`, `.unknownTensors` or `.file`.
    public init(
        configuration: QFormerConfiguration, numClasses: Int, file: SafetensorsFile
    ) throws(ModelError) {
        self.init(layoutOf: configuration, numClasses: numClasses)
        for parameter in store.parameters { try file.require(parameter.name, parameter.shape) }
        store.allocateValues()
        try load(from: file)
    }

    /// Classifies clips.
    /// - Parameters:
    ///   - tokens: The clips' frame tokens.
    ///   - prompts: Token ids of each clip's prompt; empty if the Q-Former reads no text.
    /// - Precondition: The tokens were made for a Q-Former of this configuration; prompts have from
    ///   1 to `maxPositions` ids of its vocabulary.
    /// - Returns: Logits, Float32 (B, classes).
    public func logits(_ tokens: FrameTokens, prompts: [[Int]] = []) -> [Float] {
        head.forward(
            queryOutput(tokens, prompts: prompts), dropout: nil, store(in: tokens.precision)
        ).logits
    }

    /// Classifies clips as `logits` does and keeps the intermediate tensors.
    /// - Precondition: as for `logits`.
    public func trace(_ tokens: FrameTokens, prompts: [[Int]] = []) -> QFormerTrace {
        check(tokens, prompts)
        let store = store(in: tokens.precision)
        let (output, cache) = qformer.forward(
            tokens: tokens, prompts: prompts, keepsText: true, dropout: nil, store)
        return QFormerTrace(
            logits: head.forward(output, dropout: nil, store).logits, configuration,
            rows: cache.rows, output: output, states: cache.states,
            probabilities: cache.probabilities)
    }

    /// The Q-Former's output for the query tokens, Float32 (B·Q, width), or (B·T·Q, width) where
    /// frames have queries of their own.
    func queryOutput(_ tokens: FrameTokens, prompts: [[Int]] = []) -> [Float] {
        check(tokens, prompts)
        return qformer.forward(
            tokens: tokens, prompts: prompts, dropout: nil, store(in: tokens.precision)
        ).output
    }

    /// The parameters, to be multiplied in `precision`.
    private func store(in precision: TrainingPrecision) -> ParameterStore {
        var store = store
        store.precision = precision
        return store
    }

    /// Adds the gradient of `weight` times the sum of the clips' losses to `store.gradients`.
    /// - Parameters:
    ///   - tokens: The clips' frame tokens.
    ///   - prompts: Token ids of each clip's prompt; empty if the Q-Former reads no text.
    ///   - labels: B class indices, from 0 to less than `numClasses`.
    ///   - weight: One over the clips of the whole update, so that the loss is their mean.
    ///   - labelSmoothing: Share of the target that is spread over all classes, from 0 to less than
    ///     1.
    ///   - classWeights: Loss weight of each class; `nil` means 1 for all.
    ///   - dropout: Masks of this pass; `nil` for none.
    ///   - freezesQFormer: Whether only the head gets gradients; the Q-Former has no dropout then.
    /// - Precondition: as for `logits`.
    /// - Returns: Losses and logits of the clips.
    public mutating func accumulateGradients(
        _ tokens: FrameTokens, prompts: [[Int]] = [], labels: [Int], weight: Float,
        labelSmoothing: Float = 0, classWeights: [Double]? = nil, dropout: Dropout? = nil,
        freezesQFormer: Bool = false
    ) -> BatchResult {
        check(tokens, prompts)
        precondition(labels.count == tokens.numClips)
        store.allocateGradients()
        store.precision = tokens.precision
        let (queries, cache) = qformer.forward(
            tokens: tokens, prompts: prompts, dropout: freezesQFormer ? nil : dropout, store)
        let (logits, headCache) = head.forward(queries, dropout: dropout, store)
        var gradient = [Float](repeating: 0, count: logits.count)
        var span = gradient.mutableSpan
        let losses = crossEntropy(
            logits: logits.span, labels: labels, labelSmoothing: labelSmoothing,
            classWeights: classWeights, weight: weight, gradient: &span)
        let dQueries = head.backward(headCache, gradient: gradient, dropout: dropout, &store)
        if !freezesQFormer {
            qformer.backward(cache, gradient: dQueries, dropout: dropout, &store)
        }
        return BatchResult(losses: losses, logits: logits)
    }

    private func check(_ tokens: FrameTokens, _ prompts: [[Int]]) {
        precondition(
            tokens.width == configuration.encoderHiddenSize,
            "tokens of width \(tokens.width), not \(configuration.encoderHiddenSize)")
        precondition(tokens.sequencesPerClip == configuration.sequencesPerClip)
        guard let text = configuration.text else { return precondition(prompts.isEmpty) }
        precondition(
            prompts.count == tokens.numClips
                && prompts.allSatisfy { prompt in
                    (1...text.maxPositions).contains(prompt.count)
                        && prompt.allSatisfy { 0..<text.vocabularySize ~= $0 }
                }, "prompts that the Q-Former cannot read")
    }
}

// MARK: - Weights

extension VideoClassifier {
    /// Sets mean and deviation of each channel of the frame tokens, Float32 (E) each.
    /// - Precondition: the configuration standardises channels; every deviation is more than 0.
    public mutating func standardize(_ mean: [Float], _ deviation: [Float]) {
        precondition(configuration.standardization == .channel && deviation.allSatisfy { $0 > 0 })
        store.set(ChannelStandardization.meanName, to: mean)
        store.set(ChannelStandardization.deviationName, to: deviation)
    }
}

extension VideoClassifier {
    /// Loads every parameter from `file`; some may have been loaded when it throws.
    /// - Throws: `ModelError.unknownTensors`, `.missingTensor`, `.wrongShape`, `.malformedWeights`,
    ///   `.invalidValues` or `.file`.
    public mutating func load(from file: SafetensorsFile) throws(ModelError) {
        try file.requireOnly(store.parameters.map(\.name))
        for parameter in store.parameters {
            let values = try file.tensor(parameter.name, shape: parameter.shape)
            store.values.replaceSubrange(parameter.range, with: values)
        }
    }
}

/// Where a checkpoint keeps what transformers calls `query_tokens` and `qformer.…`.
private struct QFormerNames {
    private let prefix: String
    private let isLavis: Bool
    /// Whether the embeddings stand beside the Q-Former, as in BLIP-2 with text.
    private let hasEmbeddingsApart: Bool

    init(_ source: WeightSource) {
        prefix = source.prefix(before: "query_tokens")
        isLavis = source.has(prefix + "Qformer.bert.embeddings.LayerNorm.weight")
        hasEmbeddingsApart = source.has(prefix + "embeddings.word_embeddings.weight")
    }

    /// Source: LAVIS, `Qformer.py`, whose layers are BERT's; transformers,
    /// `Blip2ForImageTextRetrieval`, whose embeddings have no norm of their own.
    subscript(name: String) -> String {
        if hasEmbeddingsApart, name.hasPrefix("qformer.embeddings.") {
            return name.contains("layernorm")
                ? prefix + name.replacing("embeddings.", with: "")
                : prefix + name.replacing("qformer.", with: "")
        }
        guard isLavis, name.hasPrefix("qformer.") else { return prefix + name }
        return prefix
            + name.replacing("qformer.layernorm", with: "qformer.embeddings.LayerNorm")
            .replacing("embeddings.layernorm", with: "embeddings.LayerNorm")
            .replacing("attention.attention", with: "attention.self")
            .replacing("qformer.", with: "Qformer.bert.")
    }
}
