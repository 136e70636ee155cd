public import Models

/// All options of a training.
///
/// The names are those of Hugging Face's `TrainingArguments`; the defaults are those of the
/// article "Fine-tuning BLIP2 for Prompt-instructed Video Classification".
public struct TrainOptions: Sendable, Codable, Equatable {
    /// When something is done: at the end of each epoch, every so many updates, or never.
    public enum Interval: String, Sendable, Codable, CaseIterable {
        case epoch, steps, no
    }

    /// How much a question counts in the loss, depending on the class of its answer.
    public enum ClassWeighting: String, Sendable, Codable, CaseIterable {
        /// Every question counts 1.
        case none
        /// questions / (classes · questions of the class) within each task, as scikit-learn's
        /// `balanced`.
        case balanced
    }

    /// Passes over the training split.
    public var epochs = 100
    /// Updates in all; 0 means `epochs` decides.
    public var maxSteps = 0
    /// Questions per forward and backward pass.
    public var batchSize = 8
    /// Passes per update.
    public var gradientAccumulation = 8
    /// Peak of the learning rate.
    public var learningRate = 1e-4
    /// Decoupled weight decay; not on biases and layer norms.
    public var weightDecay = 0.01
    /// Share of all updates that warm up, unless `warmupSteps` is set.
    public var warmupRatio = 0.1
    /// Updates that warm up; 0 means `warmupRatio` decides.
    public var warmupSteps = 0
    /// How the learning rate falls after the warm-up.
    public var lrScheduler = LearningRateSchedule.Kind.linear
    /// Largest norm of all gradients; 0 means no limit.
    public var maxGradNorm = 1.0
    /// Share of elements that dropout sets to 0, from 0 to less than 1.
    public var dropout: Float = 0.1
    /// Share of the target that is spread over all answers, from 0 to less than 1.
    public var labelSmoothing: Float = 0
    /// How much questions of each class count in the loss.
    public var classWeights = ClassWeighting.none
    /// When the validation split is evaluated.
    public var evalStrategy = Interval.epoch
    /// Updates between evaluations, if `evalStrategy` is `steps`.
    public var evalSteps = 500
    /// When a checkpoint is saved.
    public var saveStrategy = Interval.epoch
    /// Updates between checkpoints, if `saveStrategy` is `steps`.
    public var saveSteps = 500
    /// Checkpoints that are kept; 0 means all.
    public var saveLimit = 2
    /// What the best model is chosen by, on the validation split.
    public var metricForBest = BestMetric.f1
    /// Whether more of that metric is better; `nil` means what is usual for it.
    public var greaterIsBetter: Bool?
    /// Evaluations without improvement before the training ends; 0 means never.
    public var earlyStoppingPatience = 3
    /// An evaluation is an improvement if it is better by more than this.
    public var earlyStoppingThreshold = 0.0
    /// Updates between log lines.
    public var loggingSteps = 10
    /// Seed of initial weights, dropout and the order of clips.
    public var seed: UInt64 = 42
    /// Train the head only.
    public var freezeQFormer = false
    /// Number format of the large products.
    public var precision = TrainingPrecision.float32
    /// What a clip without a prompt is asked, if the Q-Former reads text.
    public var prompt = "Classify the video."
    /// How the questions of some tasks are worded; `nil` leaves all as their rows have them.
    public var wordings: PromptWordings?
    /// Directory of the BERT that a new Q-Former took its words from.
    public var textInit: String?
    /// What it took from there.
    public var textInitLayers: TextInitialization.Layers?

    /// Starts from the defaults.
    public init() {}

    /// Whether more of `metricForBest` is better.
    public var isGreaterBetter: Bool { greaterIsBetter ?? (metricForBest != .loss) }

    /// Questions of one update.
    var questionsPerUpdate: Int { batchSize * gradientAccumulation }

    /// Checks that the dataset has the class that the best model is chosen by.
    /// - Throws: `TrainingError.invalidOption`.
    public func validate(outputs: ModelOutputs) throws(TrainingError) {
        guard let name = metricForBest.className, outputs.outputs(called: name).isEmpty else {
            return
        }
        let classes = outputs.names.joined(separator: ", ")
        throw .invalidOption(
            name: "--metric-for-best-model f1:\(name)",
            wanted: "f1:CLASS with a class of the dataset (\(classes))")
    }

    /// Checks the range of every option.
    /// - Throws: `TrainingError.invalidOption` for the first value out of range.
    public func validate() throws(TrainingError) {
        func require(_ holds: Bool, _ option: String, _ wanted: String) throws(TrainingError) {
            if !holds { throw .invalidOption(name: option, wanted: wanted) }
        }
        try require(epochs >= 1 && epochs <= 1 << 30, "--num-train-epochs (--epochs)", "at least 1")
        try require(maxSteps >= 0 && maxSteps <= 1 << 40, "--max-steps", "at least 0")
        try require(
            (1...4096).contains(batchSize), "--per-device-train-batch-size (--batch-size)",
            "from 1 to 4096")
        try require(
            (1...65536).contains(gradientAccumulation), "--gradient-accumulation-steps",
            "from 1 to 65536")
        try require(
            learningRate > 0 && learningRate.isFinite, "--learning-rate", "more than 0")
        try require(weightDecay >= 0 && weightDecay.isFinite, "--weight-decay", "at least 0")
        try require((0...1).contains(warmupRatio), "--warmup-ratio", "from 0 to 1")
        try require(warmupSteps >= 0, "--warmup-steps", "at least 0")
        try require(maxGradNorm >= 0 && maxGradNorm.isFinite, "--max-grad-norm", "at least 0")
        try require(dropout >= 0 && dropout < 1, "--dropout", "from 0 to less than 1")
        try require(
            labelSmoothing >= 0 && labelSmoothing < 1, "--label-smoothing-factor",
            "from 0 to less than 1")
        try require(evalSteps >= 1, "--eval-steps", "at least 1")
        try require(saveSteps >= 1, "--save-steps", "at least 1")
        try require(saveLimit >= 0, "--save-total-limit (--save-limit)", "at least 0")
        try require(earlyStoppingPatience >= 0, "--early-stopping-patience", "at least 0")
        try require(
            earlyStoppingThreshold >= 0 && earlyStoppingThreshold.isFinite,
            "--early-stopping-threshold", "at least 0")
        try require(loggingSteps >= 1, "--logging-steps", "at least 1")
    }
}

/// What the best model is chosen by: `loss`, `accuracy`, `f1` (weighted), `f1_macro`, or the F1 of
/// one class, `f1:CLASS`.
///
/// Over several tasks it is their mean weighted by questions, that of `f1_macro` by classes.
public struct BestMetric: RawRepresentable, Sendable, Codable, Equatable {
    /// The name.
    public let rawValue: String

    /// Cross entropy.
    public static let loss = BestMetric(name: "loss")
    /// Share of questions whose answer is right.
    public static let accuracy = BestMetric(name: "accuracy")
    /// F1 of the classes weighted by support.
    public static let f1 = BestMetric(name: "f1")
    /// Unweighted mean of the classes' F1.
    public static let f1Macro = BestMetric(name: "f1_macro")

    private static let classPrefix = "f1:"

    private init(name: String) { rawValue = name }

    /// The metric called `rawValue`, also with `eval_` before it as in transformers; `nil` if there
    /// is none.
    public init?(rawValue: String) {
        let rawValue = rawValue.hasPrefix("eval_") ? String(rawValue.dropFirst(5)) : rawValue
        let known = [Self.loss, .accuracy, .f1, .f1Macro].map(\.rawValue)
        guard known.contains(rawValue) || rawValue.hasPrefix(Self.classPrefix) else { return nil }
        self.rawValue = rawValue
    }

    /// The class whose F1 it is.
    var className: String? {
        rawValue.hasPrefix(Self.classPrefix)
            ? String(rawValue.dropFirst(Self.classPrefix.count)) : nil
    }

    /// Its value in an evaluation.
    public func value(in result: EvaluationResult) -> Double {
        if let className { return result.f1(ofClass: className) }
        return switch self {
        case .accuracy: result.accuracy
        case .f1: result.f1Weighted
        case .f1Macro: result.f1Macro
        default: result.loss
        }
    }
}
