import Recipes

/// The evaluation of one task on one split in `metrics.json`.
public struct SplitMetrics: Sendable, Codable, Equatable {
    /// The dataset that the questions come from.
    public let dataset: EvaluatedDataset
    /// Questions of the task.
    public let questions: Int
    /// Clips that they are about.
    public let clips: Int
    /// Mean cross entropy.
    public let loss: Double
    /// Share of questions whose predicted class is the true one.
    public let accuracy: Double
    /// Share of questions whose best answer among those of all tasks is the true one.
    public let accuracyAmongAllTasks: Double?
    /// Which wordings were asked; `nil` if the task has none.
    public let evalPrompts: PromptWordings.Evaluated?
    /// What becomes of the answers when frames or prompts are exchanged; `nil` if not probed.
    public let probes: TaskProbes?
    /// F1 of the classes weighted by support.
    public let f1Weighted: Double
    /// Unweighted mean of the classes' F1.
    public let f1Macro: Double
    /// Questions of each true class by predicted class.
    public let confusionMatrix: ConfusionMatrix
    /// Precision, recall and F1 of each class, as scikit-learn prints them.
    public let report: String
    /// 95 % intervals and calibration.
    public let statistics: ClassificationStatistics
    /// The questions with the largest loss, at most ten, worst first.
    public let hardestClips: [HardClip]
    /// What simpler models on the same features reach, if they were asked.
    public internal(set) var baselines: [BaselineScore]?
    /// sha256 of `predictions-SPLIT.csv`, in hex.
    var predictionsSha256: String?

    /// A clip that the model finds hard, with what it was asked.
    public struct HardClip: Sendable, Codable, Equatable {
        /// Sample key.
        public let key: String
        /// Source video, as the manifest names it.
        public let video: String
        /// What the clip's row asks; empty if it has no prompt of its own.
        public let prompt: String
        /// The right answer.
        public let label: String
        /// What the model answers.
        public let prediction: String
        /// Cross entropy.
        public let loss: Double
    }

    /// Takes from an evaluation on `dataset` what `metrics.json` records.
    public init(_ result: TaskEvaluation, dataset: EvaluatedDataset) {
        self.dataset = dataset
        questions = result.questions.count
        clips = Set(result.questions.map(\.key)).count
        loss = result.loss
        accuracy = result.metrics.accuracy
        accuracyAmongAllTasks = result.accuracyAmongAllTasks
        evalPrompts = result.evalPrompts
        probes = result.probes
        f1Weighted = result.metrics.f1Weighted
        f1Macro = result.metrics.f1Macro
        confusionMatrix = result.metrics.confusionMatrix
        report = result.metrics.report
        statistics = result.statistics
        let classes = result.task.classes
        hardestClips = result.questions.sorted { ($1.loss, $0.key) < ($0.loss, $1.key) }
            .prefix(10).map { question in
                HardClip(
                    key: question.key, video: question.video, prompt: question.prompt,
                    label: classes[question.label], prediction: classes[question.prediction],
                    loss: question.loss)
            }
    }

    /// Whether its numbers are consistent with each other and with a task of `numClasses` classes.
    func isPlausible(numClasses: Int) -> Bool {
        // As floating point: a sum of integers may overflow.
        let total = confusionMatrix.entries.reduce(0.0) { $0 + Double($1.count) }
        return confusionMatrix.numClasses == numClasses && questions > 0 && clips > 0
            && total == Double(questions)
            && statistics.groups > 0 && statistics.accuracyInterval.count == 2
            && statistics.f1WeightedInterval?.count ?? 2 == 2 && probes?.isPlausible ?? true
            && (baselines ?? []).allSatisfy(\.isPlausible)
    }
}
