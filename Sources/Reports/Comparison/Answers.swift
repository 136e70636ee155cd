import Recipes
import Shards
import Training

/// The answers of one run, by question.
struct Answers {
    /// What makes a question the same one in two runs.
    struct Question: Hashable {
        let key: ClipKey
        let task: String
        let prompt: String
    }

    struct Answer {
        let key: ClipKey
        let video: String
        let group: String
        let label: String
        let prediction: String
        let confidence: Double
        var isRight: Bool { label == prediction }
    }

    /// Questions and answers in the order of the run's file.
    let inOrder: [(question: Question, answer: Answer)]
    let byQuestion: [Question: Answer]

    /// Reads the answers of `run` to the questions of `split`.
    /// - Throws: What `PredictedQuestion.all` throws.
    init(of run: RunDirectory, split: Split) throws {
        let tasks = run.configuration.tasks
        let dataset = try? Dataset(directory: run.configuration.datasetPath)
        let groups = dataset.flatMap { try? QuestionsFile(of: $0) }.map { file in
            Dictionary(
                file.rows.map { ($0.key, $0.group) }, uniquingKeysWith: { first, _ in first })
        }
        inOrder = try PredictedQuestion.all(of: run, split: split).map { predicted in
            let task = tasks[predicted.task]
            return (
                Question(key: predicted.key, task: task.task, prompt: predicted.prompt),
                Answer(
                    key: predicted.key, video: predicted.video,
                    group: groups?[predicted.key] ?? predicted.video,
                    label: task.classes[predicted.label],
                    prediction: task.classes[predicted.prediction],
                    confidence: predicted.confidence)
            )
        }
        byQuestion = Dictionary(
            inOrder.map { ($0.question, $0.answer) }, uniquingKeysWith: { first, _ in first })
    }

    /// Compares these answers with those of `other` to the questions of `task` that both have, with
    /// the same right answer; `nil` if there are none.
    func paired(with other: Answers, task: String) -> PairedComparison? {
        let common = inOrder.compactMap { question, answer in
            question.task == task
                ? other.byQuestion[question].map { (other: $0, mine: answer) } : nil
        }.filter { $0.other.label == $0.mine.label }
        guard !common.isEmpty else { return nil }
        return PairedComparison(
            first: common.map(\.other.isRight), second: common.map(\.mine.isRight),
            groups: common.map(\.mine.group))
    }
}

/// A question and what each run answers.
struct CommonAnswer {
    let question: Answers.Question
    let answers: [Answers.Answer]

    /// The questions that all runs answered, in the order of the first.
    static func all(in runs: [Answers]) -> [CommonAnswer] {
        runs[0].inOrder.compactMap { question, _ in
            let answers = runs.compactMap { $0.byQuestion[question] }
            return answers.count == runs.count
                ? CommonAnswer(question: question, answers: answers) : nil
        }
    }

    /// Whether some runs are right and others are not.
    var isDisagreement: Bool { Set(answers.map(\.isRight)).count > 1 }

    /// Whether all runs are sure of one answer, and it is not the label.
    var isContradiction: Bool {
        Set(answers.map(\.label)).count == 1 && Set(answers.map(\.prediction)).count == 1
            && !answers[0].isRight && confidence > SelectedQuestions.sureConfidence
    }

    /// The confidence of the run that is least sure.
    var confidence: Double { answers.map(\.confidence).min() ?? 0 }
}
