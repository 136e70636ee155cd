import Models
import Recipes

/// One query that attends to all frame tokens at once, and a head, trained for a short time.
///
/// Source: Bardes et al., Revisiting Feature Prediction for Learning Visual Representations from
/// Video (V-JEPA, 2024), section 4: a frozen encoder is judged by such a probe. The block is that
/// of the Q-Former (`preset:attentive`), so its norms come last.
struct AttentiveProbe: Sendable {
    let model: VideoClassifier
    let training: Training

    /// How a probe was trained.
    struct Training: Sendable, Codable, Equatable {
        let clips: Int
        let epochs: Int
    }

    private static let preset = "preset:attentive"
    /// Epochs of a training set that is neither small nor large.
    private static let epochs = 5
    private static let maximumEpochs = 25
    /// Questions that a training answers at least, if `maximumEpochs` allow; fewer teach little.
    private static let minimumPasses = 2400
    /// Numbers of frame tokens that a training reads at most, which bounds the time.
    private static let maximumReads = 3 << 30
    private static let seed: UInt64 = 1

    /// The recipe, which is the same for all runs on a training split.
    private static func options(epochs: Int, questions: Int) -> TrainOptions {
        var options = TrainOptions()
        options.epochs = epochs
        // Large batches use the processor best, but few questions need many updates.
        options.batchSize = min(32, max(8, questions / 128))
        options.gradientAccumulation = 1
        options.learningRate = 1e-3
        options.evalStrategy = .no
        options.saveStrategy = .no
        options.earlyStoppingPatience = 0
        options.seed = seed
        return options
    }

    /// The shape for frame tokens of `width`.
    private static func shape(width: Int) throws -> QFormerConfiguration {
        var shape = try QFormerConfiguration.preset(preset, encoderHiddenSize: width)
        shape.standardization = .channel
        return shape
    }

    /// Trains a probe on some clips of `dataset`; `nil` if it was stopped.
    /// - Throws: `TrainingError.notFinite`, and what reading features throws.
    init?(
        _ dataset: some FeatureDataset, outputs: ModelOutputs, isStopped: () -> Bool
    ) throws {
        let epochs = min(
            Self.maximumEpochs, max(Self.epochs, Self.minimumPasses / dataset.count))
        let questionsPerClip = (dataset.count + dataset.numClips - 1) / dataset.numClips
        let readsPerClip = epochs * questionsPerClip * dataset.tokensPerClip * dataset.hiddenSize
        let subset = dataset.subset(
            ofClips: max(1, Self.maximumReads / readsPerClip), seed: Self.seed)
        let shape = try Self.shape(width: dataset.hiddenSize)
        var model = VideoClassifier(
            configuration: shape, numClasses: outputs.count, seed: Self.seed)
        guard let statistics = try ChannelStatistics(of: subset, progress: { _ in isStopped() })
        else { return nil }
        model.standardize(statistics.mean, statistics.deviation)
        var trainer = try Trainer(
            model: model, options: Self.options(epochs: epochs, questions: subset.count),
            training: subset, validation: subset, outputs: outputs,
            reading: ClipReading(qformer: shape))
        let outcome = try trainer.run { _ in isStopped() ? .stop : .proceed }
        if outcome.isInterrupted { return nil }
        self.model = trainer.model
        training = Training(clips: subset.numClips, epochs: epochs)
    }

    /// Takes a probe for frame tokens of `width` from `file`.
    /// - Throws: `ModelError`, as `VideoClassifier.init(configuration:numClasses:file:)`.
    init(_ training: Training, width: Int, outputs: ModelOutputs, file: SafetensorsFile) throws {
        self.training = training
        model = try VideoClassifier(
            configuration: Self.shape(width: width), numClasses: outputs.count, file: file)
    }

    /// The answer to each question, among those of its task; `nil` if it was stopped.
    /// - Throws: `TrainingError.noAnswer`, and what reading features throws.
    func predictions(
        on dataset: some FeatureDataset, outputs: ModelOutputs, isStopped: () -> Bool
    ) throws -> [Int]? {
        let evaluator = Evaluator(
            outputs: outputs, reading: try ClipReading(qformer: model.configuration),
            batchSize: 8)
        return try evaluator.evaluate(model, on: dataset, shouldStop: isStopped)?
            .questions.map(\.prediction)
    }
}
