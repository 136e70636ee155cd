public import Recipes

/// What a command prints about an evaluation as one JSON object.
public struct EvaluationSummary: Sendable, Encodable {
    /// The split.
    public let split: Split
    /// The dataset that the questions come from.
    public let dataset: EvaluatedDataset
    /// Questions of the split.
    public let questions: Int
    /// Mean cross entropy.
    public let loss: Double
    /// Share of questions whose predicted answer is the right one.
    public let accuracy: Double
    /// Weighted F1, the mean over tasks weighted by their questions.
    public let f1Weighted: Double
    /// Macro F1, the unweighted mean over the classes of all tasks.
    public let f1Macro: Double
    /// The evaluation of each task by its name, as in `metrics.json`.
    public let tasks: [String: SplitMetrics]
    /// What to know of the splits, in sentences.
    public let remarks: [String]

    /// Sums up `result`, an evaluation of `split` of `dataset`.
    public init(
        _ result: EvaluationResult, split: Split, dataset: EvaluatedDataset, remarks: [String]
    ) {
        self.split = split
        self.dataset = dataset
        self.remarks = remarks
        questions = result.questions.count
        loss = result.loss
        accuracy = result.accuracy
        f1Weighted = result.f1Weighted
        f1Macro = result.f1Macro
        tasks = result.metrics(on: dataset)
    }
}

extension EvaluationResult {
    /// What `metrics.json` records of each task, by its name.
    func metrics(on dataset: EvaluatedDataset) -> [String: SplitMetrics] {
        Dictionary(
            tasks.map { ($0.task.task, metrics(of: $0, on: dataset)) },
            uniquingKeysWith: { first, _ in first })
    }

    /// What is recorded of `task`.
    public func metrics(of task: TaskEvaluation, on dataset: EvaluatedDataset) -> SplitMetrics {
        var metrics = SplitMetrics(task, dataset: dataset)
        metrics.baselines = baselines[task.task.task]
        return metrics
    }
}
