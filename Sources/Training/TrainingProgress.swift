/// What a training reports while it runs.
public enum TrainingProgress: Sendable {
    /// After every update.
    case update(step: Int, totalSteps: Int)
    case log(LogLine)
    case evaluation(EvaluationLine, isBest: Bool)
    /// The validation metric did not improve for `evaluations` evaluations.
    case stoppedEarly(evaluations: Int)
}

/// Whether to go on.
public enum TrainingAction: Sendable {
    case proceed, stop
}

/// A line of `log.jsonl` about the updates since the last one.
public struct LogLine: Sendable, Codable, Equatable {
    /// Updates done.
    public let step: Int
    /// Epochs done, with the fraction of the current one.
    public let epoch: Double
    /// Mean over the updates since the last line.
    public let loss: Double
    /// Learning rate of the last update.
    public let learningRate: Double
    /// Norm of all gradients of the last update before clipping.
    public let gradNorm: Double
    /// Clips trained on per second of wall-clock time.
    public let clipsPerSecond: Double
}

/// A line of `log.jsonl` about an evaluation.
public struct EvaluationLine: Sendable, Codable, Equatable {
    /// Updates done.
    public let step: Int
    /// Epochs done.
    public let epoch: Double
    /// Mean cross entropy of the validation split.
    public let evalLoss: Double
    /// Accuracy on the validation split.
    public let evalAccuracy: Double
    /// F1 of the classes weighted by support.
    public let evalF1Weighted: Double
    /// Unweighted mean of the classes' F1.
    public let evalF1Macro: Double

    init(step: Int, epoch: Double, result: EvaluationResult) {
        self.step = step
        self.epoch = epoch
        evalLoss = result.loss
        evalAccuracy = result.metrics.accuracy
        evalF1Weighted = result.metrics.f1Weighted
        evalF1Macro = result.metrics.f1Macro
    }

    func value(of metric: TrainOptions.Metric) -> Double {
        switch metric {
        case .f1: evalF1Weighted
        case .f1Macro: evalF1Macro
        case .accuracy: evalAccuracy
        case .loss: evalLoss
        }
    }
}
