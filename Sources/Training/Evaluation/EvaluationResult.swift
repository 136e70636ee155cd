public import Recipes

/// A question and what a model answers.
public struct AnsweredQuestion: Sendable {
    /// Sample key of the clip.
    public let key: String
    /// The clip's source video, as the manifest names it.
    public let video: String
    /// What the clip's row asks; empty if it has no prompt of its own.
    public let prompt: String
    /// Questions of one group are not independent of each other.
    public let group: String
    /// Number of the task, as `ModelOutputs` counts.
    public let task: Int
    /// Index of the right answer among those of the task.
    public let label: Int
    /// Index of the best answer among those of the task.
    public let prediction: Int
    /// The best answer among those of all tasks, as an output.
    public let bestOutput: Int
    /// How probable the prediction is among the answers of the task.
    public let confidence: Double
    /// One probability for each output, the answers of other tasks included; none if the model has
    /// more than `maximumOutputs`.
    public let probabilities: [Double]
    /// Cross entropy over all outputs.
    public let loss: Double

    /// With more outputs than this, no probabilities of single outputs are kept, to save memory.
    static let maximumOutputs = 200
}

/// What a model makes of every question of a split.
public struct EvaluationResult: Sendable {
    /// The answers that the model can give.
    public let outputs: ModelOutputs
    /// The questions in the order of the dataset.
    public let questions: [AnsweredQuestion]
    /// Mean cross entropy.
    public let loss: Double
    /// The evaluation of each task that has questions.
    public internal(set) var tasks: [TaskEvaluation]
    /// What simpler models reach on the questions of each task, by its name.
    public internal(set) var baselines: [String: [BaselineScore]] = [:]

    /// - Precondition: There is a question.
    init(outputs: ModelOutputs, questions: [AnsweredQuestion]) {
        self.outputs = outputs
        self.questions = questions
        loss = questions.reduce(0) { $0 + $1.loss } / Double(questions.count)
        let byTask = Dictionary(grouping: questions, by: \.task)
        tasks = outputs.tasks.indices.compactMap { task in
            byTask[task].map {
                TaskEvaluation(
                    task: outputs.tasks[task], questions: $0, outputs: outputs.range(of: task))
            }
        }
    }

    /// Share of questions whose predicted answer is the right one.
    public var accuracy: Double { mean(\.metrics.accuracy) }

    /// Weighted F1, the mean over tasks weighted by their questions.
    public var f1Weighted: Double { mean(\.metrics.f1Weighted) }

    /// Macro F1, the unweighted mean over the classes of all tasks.
    public var f1Macro: Double {
        guard tasks.count > 1 else { return tasks.first?.metrics.f1Macro ?? 0 }
        let classes = tasks.reduce(0) { $0 + $1.task.classes.count }
        return tasks.reduce(0) { $0 + $1.metrics.f1Macro * Double($1.task.classes.count) }
            / Double(classes)
    }

    /// The mean over tasks weighted by their questions; that of one task is its value to the bit.
    private func mean(_ value: (TaskEvaluation) -> Double) -> Double {
        guard tasks.count > 1 else { return tasks.first.map(value) ?? 0 }
        return tasks.reduce(0) { $0 + value($1) * Double($1.questions.count) }
            / Double(questions.count)
    }

    /// F1 of the outputs called `name`, a label or `task: label`: the mean over their tasks
    /// weighted by questions, 0 if there are none.
    func f1(ofClass name: String) -> Double {
        var (sum, count) = (0.0, 0)
        for output in outputs.outputs(called: name) {
            let number = outputs.task(of: output)
            guard let task = tasks.first(where: { $0.task == outputs.tasks[number] }) else {
                continue
            }
            let index = output - outputs.range(of: number).lowerBound
            let f1 = task.metrics.confusionMatrix.scores[index].f1
            guard tasks.count > 1 else { return f1 }
            sum += f1 * Double(task.questions.count)
            count += task.questions.count
        }
        return count == 0 ? 0 : sum / Double(count)
    }
}

/// What a model makes of the questions of one task.
public struct TaskEvaluation: Sendable {
    /// The task and its possible answers.
    public let task: AnswerSet
    /// The questions in the order of the dataset.
    public let questions: [AnsweredQuestion]
    /// Scores over all questions.
    public let metrics: ClassificationMetrics
    /// How certain the scores are.
    public let statistics: ClassificationStatistics
    /// Mean cross entropy.
    public let loss: Double
    /// Share of questions whose best answer among those of all tasks is the right one.
    public let accuracyAmongAllTasks: Double
    /// Which wordings were asked; `nil` if the task has none.
    public internal(set) var evalPrompts: PromptWordings.Evaluated?
    /// What becomes of the answers when frames or prompts are exchanged; `nil` if not probed.
    public internal(set) var probes: TaskProbes?

    /// - Precondition: There is a question; `outputs` are those of the task.
    init(task: AnswerSet, questions: [AnsweredQuestion], outputs: Range<Int>) {
        self.task = task
        let hits = questions.count { $0.bestOutput - outputs.lowerBound == $0.label }
        accuracyAmongAllTasks = Double(hits) / Double(questions.count)
        self.questions = questions
        let (labels, predictions) = (questions.map(\.label), questions.map(\.prediction))
        metrics = ClassificationMetrics(
            labels: labels, predictions: predictions, classes: task.classes)
        statistics = ClassificationStatistics(
            labels: labels, predictions: predictions, confidences: questions.map(\.confidence),
            groups: questions.map(\.group), numClasses: task.classes.count)
        loss = questions.reduce(0) { $0 + $1.loss } / Double(questions.count)
    }
}
