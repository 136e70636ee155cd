/// A line of `log.jsonl` in the form that the run's other records of it are written from.
protocol LoggedLine: Codable, Sendable {
    /// What the values are about: `train` or `eval`.
    static var topic: String { get }
    /// Updates done.
    var step: Int { get }
    /// Epochs done.
    var epoch: Double { get }
    /// Names and values, always the same names in the same order.
    var scalars: [(name: String, value: Double)] { get }
}

extension LogLine: LoggedLine {
    static let topic = "train"

    var scalars: [(name: String, value: Double)] {
        [
            ("loss", loss), ("learning_rate", learningRate), ("grad_norm", gradNorm),
            ("clips_per_second", clipsPerSecond),
        ]
    }
}

extension EvaluationLine: LoggedLine {
    static let topic = "eval"

    var scalars: [(name: String, value: Double)] {
        [
            ("loss", evalLoss), ("accuracy", evalAccuracy), ("f1_weighted", evalF1Weighted),
            ("f1_macro", evalF1Macro),
        ]
    }
}
