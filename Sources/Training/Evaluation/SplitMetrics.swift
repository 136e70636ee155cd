/// The evaluation of one split in `metrics.json`.
public struct SplitMetrics: Sendable, Codable, Equatable {
    /// Clips of the split.
    public let clips: Int
    /// Mean cross entropy.
    public let loss: Double
    /// Share of clips whose predicted class is the true one.
    public let accuracy: Double
    /// F1 of the classes weighted by support.
    public let f1Weighted: Double
    /// Unweighted mean of the classes' F1.
    public let f1Macro: Double
    /// Clips of true class (row) predicted as class (column).
    public let confusionMatrix: [[Int]]
    /// Precision, recall and F1 of each class, as scikit-learn prints them.
    public let report: String
    /// 95 % bootstrap intervals and calibration.
    public let statistics: ClassificationStatistics
    /// The clips with the largest loss, at most ten, worst first.
    public let hardestClips: [Clip]

    /// A clip that the model finds hard.
    public struct Clip: Sendable, Codable, Equatable {
        /// Sample key.
        public let key: String
        /// Cross entropy.
        public let loss: Double
    }

    /// Takes from an evaluation what `metrics.json` records.
    public init(_ result: EvaluationResult) {
        clips = result.labels.count
        loss = result.loss
        accuracy = result.metrics.accuracy
        f1Weighted = result.metrics.f1Weighted
        f1Macro = result.metrics.f1Macro
        confusionMatrix = result.metrics.confusionMatrix
        report = result.metrics.report
        statistics = result.statistics
        hardestClips = zip(result.keys, result.losses).sorted { ($1.1, $0.0) < ($0.1, $1.0) }
            .prefix(10).map { Clip(key: $0, loss: $1) }
    }
}
