import Recipes
import Testing

@testable import Training

/// An evaluation without a model: what the questions of each task are and how they are answered.
func makeResult(
    _ outputs: ModelOutputs, _ answers: [(task: Int, label: Int, prediction: Int)],
    probabilities: [Double]? = nil
) -> EvaluationResult {
    EvaluationResult(
        outputs: outputs,
        questions: answers.enumerated().map { index, answer in
            AnsweredQuestion(
                key: "clip\(index)", video: "v\(index).mp4", prompt: "p", group: "v\(index).mp4",
                task: answer.task, label: answer.label, prediction: answer.prediction,
                bestOutput: outputs.range(of: answer.task).lowerBound + answer.prediction,
                confidence: 0.5,
                probabilities: probabilities
                    ?? (0..<outputs.count).map { _ in 1 / Double(outputs.count) },
                loss: Double(index))
        })
}

struct EvaluationResultTests {
    private static let outputs = ModelOutputs([
        AnswerSet(task: "color", classes: ["blue", "red"]),
        AnswerSet(task: "shape", classes: ["round"]),
        AnswerSet(task: "size", classes: ["red", "small"]),
    ])

    /// Three of four colors are right, none of two sizes.
    private let result = makeResult(
        outputs,
        [(0, 0, 0), (0, 1, 1), (2, 0, 1), (0, 0, 0), (0, 1, 0), (2, 0, 1)])

    @Test func evaluatesEachTaskByItself() {
        #expect(result.tasks.map(\.task.task) == ["color", "size"])
        #expect(result.tasks.map(\.questions.count) == [4, 2])
        #expect(result.tasks.map(\.metrics.accuracy) == [0.75, 0])
        #expect(result.tasks[0].metrics.confusionMatrix.rows == [[2, 0], [1, 1]])
        #expect(result.tasks[1].metrics.confusionMatrix.rows == [[0, 2], [0, 0]])
        #expect(result.tasks.map(\.loss) == [2, 3.5])
        #expect(result.loss == 2.5)
    }

    @Test func weightsTheMeanOfTasksByQuestions() {
        #expect(abs(result.accuracy - 0.5) < 1e-12)
        let f1 = result.tasks.map(\.metrics.f1Weighted)
        #expect(abs(result.f1Weighted - (f1[0] * 4 + f1[1] * 2) / 6) < 1e-12)
        let macro = result.tasks.map(\.metrics.f1Macro)
        let classes = result.tasks.map { Double($0.task.classes.count) }
        #expect(
            abs(
                result.f1Macro - (macro[0] * classes[0] + macro[1] * classes[1])
                    / (classes[0] + classes[1])) < 1e-12)
        #expect(macro[0] != macro[1])
        for (metric, value) in [
            (BestMetric.loss, 2.5), (.accuracy, result.accuracy), (.f1, result.f1Weighted),
            (.f1Macro, result.f1Macro),
        ] { #expect(metric.value(in: result) == value) }
    }

    @Test func findsTheF1OfAClassInEveryTaskThatHasIt() throws {
        let blue = try #require(BestMetric(rawValue: "f1:blue"))
        #expect(abs(blue.value(in: result) - 0.8) < 1e-12)
        let red = try #require(BestMetric(rawValue: "f1:red"))
        #expect(abs(red.value(in: result) - (2.0 / 3 * 4 + 0 * 2) / 6) < 1e-12)
        let colorRed = try #require(BestMetric(rawValue: "f1:color: red"))
        #expect(abs(colorRed.value(in: result) - 2.0 / 3) < 1e-12)
        let round = try #require(BestMetric(rawValue: "f1:round"))
        #expect(round.value(in: result) == 0)
    }

    /// Multiplied by the number of questions and divided by it, these would lose their last bit.
    @Test(arguments: [13, 14, 26, 29, 36, 37, 39])
    func theMeanOfOneTaskIsItsValueToTheBit(_ count: Int) {
        let one = makeResult(
            oneTask(),
            (0..<count).map { (task: 0, label: $0 % 3, prediction: ($0 * $0 + $0 / 5) % 3) })
        #expect(one.accuracy == one.tasks[0].metrics.accuracy)
        #expect(one.f1Weighted == one.tasks[0].metrics.f1Weighted)
        #expect(one.f1Macro == one.tasks[0].metrics.f1Macro)
    }
}
