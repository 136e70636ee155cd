public import ArgumentParser
public import Models
public import Training

/// The options of a training on the command line.
///
/// What is not given comes from the YAML file, else from the defaults.
///
/// Their names are those of transformers' `TrainingArguments`; those of `shortNames` have a shorter
/// one besides.
struct TrainingArguments: ParsableArguments {
    @Option(
        name: .trainingArgument("num-train-epochs"),
        help: "Epochs (default: 100).")
    var epochs: Int?
    @Option(help: "Updates in all; 0 lets --num-train-epochs decide (default: 0).")
    var maxSteps: Int?
    @Option(
        name: .trainingArgument("per-device-train-batch-size"),
        help: "Questions per forward and backward pass (default: 8).")
    var batchSize: Int?
    @Option(
        name: .trainingArgument("gradient-accumulation-steps"),
        help: "Passes per update (default: 8).")
    var gradientAccumulation: Int?
    @Option(help: "Peak learning rate (default: 1e-4).")
    var learningRate: Double?
    @Option(help: "Decoupled weight decay, not on biases and layer norms (default: 0.01).")
    var weightDecay: Double?
    @Option(help: "Share of all updates that warm up (default: 0.1).")
    var warmupRatio: Double?
    @Option(help: "Updates that warm up, instead of the ratio (default: 0).")
    var warmupSteps: Int?
    @Option(
        name: .trainingArgument("lr-scheduler-type"),
        help: "linear, cosine or constant after the warm-up (default: linear).")
    var lrScheduler: LearningRateSchedule.Kind?
    @Option(help: "Largest norm of all gradients; 0 means no limit (default: 1).")
    var maxGradNorm: Double?
    @Option(help: "Dropout probability of Q-Former and head (default: 0.1).")
    var dropout: Float?
    @Option(
        name: .trainingArgument("label-smoothing-factor"),
        help: "Label smoothing, from 0 to less than 1 (default: 0).")
    var labelSmoothing: Float?
    @Option(
        help:
            "balanced: rare classes of a task count more, by questions / (classes · questions of the class) (default: none)."
    )
    var classWeights: TrainOptions.ClassWeighting?
    @Option(help: "When to evaluate: epoch, steps (every --eval-steps) or no (default: epoch).")
    var evalStrategy: TrainOptions.Interval?
    @Option(help: "Updates between evaluations, with --eval-strategy steps (default: 500).")
    var evalSteps: Int?
    @Option(help: "When to save: epoch, steps (every --save-steps) or no (default: epoch).")
    var saveStrategy: TrainOptions.Interval?
    @Option(help: "Updates between checkpoints, with --save-strategy steps (default: 500).")
    var saveSteps: Int?
    @Option(
        name: .trainingArgument("save-total-limit"),
        help: "Checkpoints to keep; 0 keeps all (default: 2).")
    var saveLimit: Int?
    @Option(
        name: .trainingArgument("metric-for-best-model"),
        help:
            "The best model's metric: f1 (weighted), accuracy, f1_macro, loss, or f1:CLASS (default: f1)."
    )
    var metricForBest: BestMetric?
    @Option(help: "Whether larger values are better: true or false (default: all but loss).")
    var greaterIsBetter: Bool?
    @Option(help: "Evaluations without improvement before stopping; 0 means never (default: 3).")
    var earlyStoppingPatience: Int?
    @Option(help: "An evaluation is an improvement if better by more than this (default: 0).")
    var earlyStoppingThreshold: Double?
    @Option(help: "Updates between log lines (default: 10).")
    var loggingSteps: Int?
    @Option(help: "Seed of weights, order and dropout (default: 42).")
    var seed: UInt64?
    @Option(
        help:
            "Large products in float32 or bfloat16; weights, sums and norms stay float32 (default: float32)."
    )
    var precision: TrainingPrecision?
    @Option(
        help:
            "Prompt of rows that have none, if the Q-Former reads text (default: Classify the video.)."
    )
    var prompt: String?
    @Flag(help: "Train the head only.")
    var freezeQformer = false

    /// The options as they will be used.
    func resolved(with file: OptionsFile) throws -> TrainOptions {
        var options = TrainOptions()
        /// What the command line says, else the file, else the default.
        func set<Value>(
            _ target: WritableKeyPath<TrainOptions, Value>, _ given: Value?, _ name: String,
            _ read: (String) -> Value?
        ) throws {
            let filed = try file.value(name, read)
            if let value = given ?? filed { options[keyPath: target] = value }
        }
        try set(\.epochs, epochs, "num-train-epochs") { Int($0) }
        try set(\.maxSteps, maxSteps, "max-steps") { Int($0) }
        try set(\.batchSize, batchSize, "per-device-train-batch-size") { Int($0) }
        try set(\.gradientAccumulation, gradientAccumulation, "gradient-accumulation-steps") {
            Int($0)
        }
        try set(\.learningRate, learningRate, "learning-rate") { Double($0) }
        try set(\.weightDecay, weightDecay, "weight-decay") { Double($0) }
        try set(\.warmupRatio, warmupRatio, "warmup-ratio") { Double($0) }
        try set(\.warmupSteps, warmupSteps, "warmup-steps") { Int($0) }
        try set(
            \.lrScheduler, lrScheduler, "lr-scheduler-type",
            LearningRateSchedule.Kind.init(rawValue:))
        try set(\.maxGradNorm, maxGradNorm, "max-grad-norm") { Double($0) }
        try set(\.dropout, dropout, "dropout") { Float($0) }
        try set(\.labelSmoothing, labelSmoothing, "label-smoothing-factor") { Float($0) }
        try set(\.classWeights, classWeights, "class-weights") { .init(rawValue: $0) }
        try set(\.evalStrategy, evalStrategy, "eval-strategy") { .init(rawValue: $0) }
        try set(\.evalSteps, evalSteps, "eval-steps") { Int($0) }
        try set(\.saveStrategy, saveStrategy, "save-strategy") { .init(rawValue: $0) }
        try set(\.saveSteps, saveSteps, "save-steps") { Int($0) }
        try set(\.saveLimit, saveLimit, "save-total-limit") { Int($0) }
        try set(\.metricForBest, metricForBest, "metric-for-best-model", BestMetric.init(rawValue:))
        try set(\.greaterIsBetter, greaterIsBetter, "greater-is-better") { Bool($0) }
        try set(
            \.earlyStoppingThreshold, earlyStoppingThreshold, "early-stopping-threshold"
        ) { Double($0) }
        try set(\.precision, precision, "precision") { .init(rawValue: $0) }
        try set(\.prompt, prompt, "prompt") { $0 }
        try set(\.earlyStoppingPatience, earlyStoppingPatience, "early-stopping-patience") {
            Int($0)
        }
        try set(\.loggingSteps, loggingSteps, "logging-steps") { Int($0) }
        try set(\.seed, seed, "seed") { UInt64($0) }
        try set(\.freezeQFormer, freezeQformer ? true : nil, "freeze-qformer") { Bool($0) }
        try file.requireKnown()
        do {
            try options.validate()
        } catch {
            throw ValidationError("\(error)")
        }
        return options
    }
}

/// Shorter names of options, by the name that `TrainingArguments` gives them.
let shortNames = [
    "num-train-epochs": "epochs", "per-device-train-batch-size": "batch-size",
    "gradient-accumulation-steps": "gradient-accumulation", "lr-scheduler-type": "lr-scheduler",
    "label-smoothing-factor": "label-smoothing", "save-total-limit": "save-limit",
    "metric-for-best-model": "metric-for-best",
]

extension NameSpecification {
    /// The option that `TrainingArguments` calls `name`, and its shorter name.
    fileprivate static func trainingArgument(_ name: String) -> NameSpecification {
        NameSpecification(
            [name, shortNames[name]].compactMap { $0.map { .customLong($0) } })
    }
}

extension LearningRateSchedule.Kind: ExpressibleByArgument {}
extension TrainOptions.Interval: ExpressibleByArgument {}
extension TrainOptions.ClassWeighting: ExpressibleByArgument {}
extension BestMetric: ExpressibleByArgument {}
extension TrainingPrecision: ExpressibleByArgument {}
