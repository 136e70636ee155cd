/// What a training reports while it runs.
public enum TrainingProgress: Sendable {
    /// Before every forward and backward pass; stopping here drops the update that was begun.
    case pass
    /// After every update, of which `loss` is the mean over `questions`.
    case update(step: Int, totalSteps: Int, epoch: Double, loss: Double, questions: Int)
    case log(LogLine)
    case evaluation(EvaluationLine, isBest: Bool)
    case checkpoint(path: String)
    /// The validation metric did not improve for `evaluations` evaluations.
    case stoppedEarly(evaluations: Int)
}

/// Whether to go on.
public enum TrainingAction: Sendable {
    case proceed, stop
}

/// How a training ended.
public struct TrainingOutcome: Sendable {
    /// The evaluation of the best model; `nil` if none was made.
    public let best: EvaluationLine?
    /// Whether it was asked to stop before its end.
    public let isInterrupted: Bool
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
    /// Clips trained on per second of wall-clock time, once for each question about them.
    public let clipsPerSecond: Double
    /// Share of the time that was spent waiting for data.
    public let dataWait: Double
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
    /// F1 of the classes weighted by support; over several tasks, as accuracy, the mean weighted by
    /// questions.
    public let evalF1Weighted: Double
    /// Unweighted mean of the F1 of the classes of all tasks.
    public let evalF1Macro: Double
    /// What the best model is chosen by.
    public let evalMetricForBest: Double

    init(step: Int, epoch: Double, result: EvaluationResult, metric: Double) {
        self.step = step
        self.epoch = epoch
        evalLoss = result.loss
        evalAccuracy = result.accuracy
        evalF1Weighted = result.f1Weighted
        evalF1Macro = result.f1Macro
        evalMetricForBest = metric
    }
}
