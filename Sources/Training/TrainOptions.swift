/// Everything a training can be told.
///
/// Names and defaults follow Hugging Face's `TrainingArguments` as the article sets them.
public struct TrainOptions: Sendable, Codable, Equatable {
    /// What the best model is chosen by.
    public enum Metric: String, Sendable, Codable, CaseIterable {
        case f1, accuracy, loss
        case f1Macro = "f1_macro"

        var isBetterWhenGreater: Bool { self != .loss }
    }

    /// Passes over the training split.
    public var epochs = 100
    /// Updates in all; 0 means `epochs` decides.
    public var maxSteps = 0
    /// Clips per forward and backward pass.
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
    /// Share of the target that is spread over all classes, from 0 to less than 1.
    public var labelSmoothing: Float = 0
    /// What the best model is chosen by, on the validation split.
    public var metricForBest = Metric.f1
    /// Evaluations without improvement before the training ends; 0 means never.
    public var earlyStoppingPatience = 3
    /// Updates between log lines.
    public var loggingSteps = 10
    /// Seed of initial weights, dropout and the order of clips.
    public var seed: UInt64 = 42
    /// Train the head only.
    public var freezeQFormer = false

    /// Starts from the defaults.
    public init() {}

    /// Checks the range of every option.
    /// - Throws: `TrainingError.invalidOption` for the first value out of range.
    public func validate() throws(TrainingError) {
        func require(_ holds: Bool, _ option: String, _ wanted: String) throws(TrainingError) {
            if !holds { throw .invalidOption(name: option, wanted: wanted) }
        }
        try require(epochs >= 1, "--epochs", "at least 1")
        try require(maxSteps >= 0, "--max-steps", "at least 0")
        try require((1...4096).contains(batchSize), "--batch-size", "from 1 to 4096")
        try require(
            (1...65536).contains(gradientAccumulation), "--gradient-accumulation",
            "from 1 to 65536")
        try require(
            learningRate > 0 && learningRate.isFinite, "--learning-rate", "more than 0")
        try require(weightDecay >= 0 && weightDecay.isFinite, "--weight-decay", "at least 0")
        try require((0...1).contains(warmupRatio), "--warmup-ratio", "from 0 to 1")
        try require(warmupSteps >= 0, "--warmup-steps", "at least 0")
        try require(maxGradNorm >= 0, "--max-grad-norm", "at least 0")
        try require(dropout >= 0 && dropout < 1, "--dropout", "from 0 to less than 1")
        try require(
            labelSmoothing >= 0 && labelSmoothing < 1, "--label-smoothing",
            "from 0 to less than 1")
        try require(earlyStoppingPatience >= 0, "--early-stopping-patience", "at least 0")
        try require(loggingSteps >= 1, "--logging-steps", "at least 1")
    }
}
