import Recipes
import Testing

@testable import Reports

struct SelectedQuestionsTests {
    /// A question about clip number `number` of class `label`, answered `prediction`.
    static func question(
        _ number: Int, label: Int, prediction: Int, confidence: Double = 0.7, loss: Double = 1
    ) -> PredictedQuestion {
        let other = prediction == 0 ? 1 : 0
        return PredictedQuestion(
            key: Clip(video: "v\(number).mp4").key, video: "v\(number).mp4", task: 0, prompt: "",
            label: label, prediction: prediction, loss: loss,
            best: [(prediction, confidence), (other, 1 - confidence)],
            probabilityOfLabel: label == prediction ? confidence : 1 - confidence)
    }

    @Test func showsEveryKindOfErrorBeforeASecondOfAny() throws {
        var questions = (0..<30).map { Self.question($0, label: 0, prediction: 1, loss: 9) }
        questions.append(Self.question(30, label: 1, prediction: 2, loss: 2))
        let wrong = try #require(SelectedQuestions(of: questions).selections.first)
        #expect(wrong.kind == .wrong && wrong.indices.prefix(2) == [0, 30])
    }

    @Test func asksToCheckLabelsThatAConfidentAnswerContradicts() {
        let questions = [
            Self.question(0, label: 0, prediction: 1, confidence: 0.99),
            Self.question(1, label: 0, prediction: 1, confidence: 0.6),
        ]
        let selected = SelectedQuestions(of: questions)
        #expect(selected.selections.first { $0.kind == .doubtfulLabel }?.indices == [0])
    }

    @Test func unsureAreThoseWithTwoAnswersNearlyAsProbable() {
        let questions = [
            Self.question(0, label: 0, prediction: 0, confidence: 0.52),
            Self.question(1, label: 0, prediction: 0, confidence: 0.9),
        ]
        let selected = SelectedQuestions(of: questions)
        #expect(selected.selections.first { $0.kind == .unsure }?.indices == [0])
    }

    @Test func holdsSomeOfEveryCellAndNotAllQuestions() {
        let questions = (0..<5000).map { Self.question($0, label: $0 % 2, prediction: 0) }
        let selected = SelectedQuestions(of: questions)
        #expect(selected.all.count < 100)
        #expect(Set(selected.all).count == selected.all.count)
    }

    @Test func ofManyKindsOfErrorsAPageHoldsSome() {
        let questions = (0..<5000).map {
            Self.question($0, label: $0 % 70, prediction: $0 % 70 + 1)
        }
        let selected = SelectedQuestions(of: questions)
        #expect((300...400).contains(selected.all.count))
    }
}
