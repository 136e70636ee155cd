import Files
import Foundation
import Recipes

/// What baselines answer to the questions of a split.
public struct BaselineAnswers: Sendable {
    /// The answer of each to each question, among those of its task; `nil` where it has none.
    private var all: [(kind: BaselineScore.Kind, predictions: [Int?], names: [String])] = []

    /// - Parameters:
    ///   - kind: Whose answers these are.
    ///   - predictions: One for each question.
    ///   - names: What the baseline of each task is, for people.
    mutating func add(_ kind: BaselineScore.Kind, _ predictions: [Int?], names: [String]) {
        all.append((kind, predictions, names))
    }

    /// The scores for each task, by its name, beside those of a model that gave `result` on the
    /// same questions.
    func scores(beside result: EvaluationResult) -> [String: [BaselineScore]] {
        var scores: [String: [BaselineScore]] = [:]
        for (number, task) in result.outputs.tasks.enumerated() {
            scores[task.task] = all.compactMap { kind, predictions, names in
                let own = result.questions.indices.filter {
                    result.questions[$0].task == number && predictions[$0] != nil
                }
                return own.isEmpty
                    ? nil
                    : BaselineScore(
                        kind, names[number], own.map { result.questions[$0] },
                        own.compactMap { predictions[$0] }, task.classes)
            }
        }
        return scores
    }
}

/// How well a baseline answers the questions of a task, in `metrics.json`.
public struct BaselineScore: Sendable, Codable, Equatable {
    /// Which baseline.
    public enum Kind: String, Sendable, Codable {
        case majority, linear, attentive
    }

    /// Which baseline.
    public let kind: Kind
    /// Display name: what it is and how it was made.
    public let name: String
    /// Share of questions whose answer is right.
    public let accuracy: Double
    /// 95 % interval of it, by Wilson's formula.
    public let accuracyInterval: [Double]
    /// F1 of the classes weighted by support.
    public let f1Weighted: Double
    /// p-value of McNemar's exact test: how probable a difference from the model of this size is
    /// if both are equally good.
    public let pValue: Double

    init(
        _ kind: Kind, _ name: String, _ questions: [AnsweredQuestion], _ predictions: [Int],
        _ classes: [String]
    ) {
        self.kind = kind
        self.name = name
        let metrics = ClassificationMetrics(
            labels: questions.map(\.label), predictions: predictions, classes: classes)
        let isRight = zip(questions, predictions).map { $0.label == $1 }
        let isModelRight = questions.map { $0.label == $0.prediction }
        accuracy = metrics.accuracy
        accuracyInterval = wilsonInterval(hits: isRight.count { $0 }, total: isRight.count)
        f1Weighted = metrics.f1Weighted
        pValue = PairedComparison.mcNemar(
            zip(isRight, isModelRight).count { $0 && !$1 },
            zip(isRight, isModelRight).count { !$0 && $1 })
    }

    /// Whether its numbers are plausible.
    var isPlausible: Bool {
        [accuracy, f1Weighted, pValue].allSatisfy { 0...1 ~= $0 } && accuracyInterval.count == 2
    }
}

extension SplitMetrics {
    /// Says of a model that does not beat the linear probe on `task` that it does not; `nil` if it
    /// does, or if there is none.
    public func doubt(about task: String) -> String? {
        guard let probe = baselines?.first(where: { $0.kind == .linear }) else { return nil }
        let place = task == Question.defaultTask ? "" : "\(task): "
        let figures = "\(percent(accuracy)) against \(percent(probe.accuracy))"
        if accuracy <= probe.accuracy {
            return "\(place)The Q-Former does not beat a linear probe on the mean token "
                + "(\(figures)): a much simpler model would do."
        }
        guard probe.pValue > 0.05 else { return nil }
        return "\(place)The Q-Former is not distinguishable from a linear probe on the mean token "
            + "(\(figures), p = \(String(format: "%.2f", probe.pValue)))."
    }
}

extension EvaluationResult {
    /// Sets `answers`, to the same questions, beside those of the model.
    public mutating func compare(with answers: BaselineAnswers) {
        baselines = answers.scores(beside: self)
    }
}
