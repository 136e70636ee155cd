import Foundation
import Models
import Recipes
import Tensors
import Testing

@testable import Training

struct EvaluatorTests {
    private static let outputs = ModelOutputs([
        AnswerSet(task: "color", classes: ["blue", "red"]),
        AnswerSet(task: "size", classes: ["big", "mid", "small"]),
    ])

    /// Two clips with a question of each task.
    private let dataset = CountingDataset(clipIndices: [0, 0, 1, 1], labels: [0, 4, 1, 2])

    private func evaluate() throws -> (EvaluationResult, logits: [Float]) {
        let model = VideoClassifier(configuration: smallQFormer, numClasses: 5, seed: 3)
        let reading = try ClipReading(qformer: smallQFormer)
        let evaluator = Evaluator(outputs: Self.outputs, reading: reading, batchSize: 3)
        let result = try #require(try evaluator.evaluate(model, on: dataset))
        let logits = try reading.frameTokens(numClips: 4, tokensPerClip: 5) {
            try dataset.features(of: $0)
        }
        return (result, model.logits(logits))
    }

    /// A training that has diverged right before an evaluation once ended in a trap.
    @Test func namesTheClipWhoseOutputsAreNotFinite() throws {
        var model = VideoClassifier(configuration: smallQFormer, numClasses: 5, seed: 3)
        for index in model.store.values.indices { model.store.values[index] = .nan }
        let evaluator = Evaluator(
            outputs: Self.outputs, reading: try ClipReading(qformer: smallQFormer), batchSize: 3)
        #expect(throws: TrainingError.noAnswer(key: dataset.keys[0])) {
            try evaluator.evaluate(model, on: dataset)
        }
    }

    @Test func answersAQuestionWithTheBestAnswerOfItsOwnTask() throws {
        let (result, logits) = try evaluate()
        for (index, question) in result.questions.enumerated() {
            let range = index % 2 == 0 ? 0..<2 : 2..<5
            let start = index * 5 + range.lowerBound
            let own = logits[start..<start + range.count]
            #expect(question.task == index % 2)
            #expect(question.label == dataset.labels[index] - range.lowerBound)
            #expect(own[start + question.prediction] == own.max())
            let confidence = try #require(probabilities(ofLogits: own).max())
            #expect(abs(question.confidence - confidence) < 1e-6)
        }
    }

    @Test func takesLossAndProbabilitiesOverAllAnswers() throws {
        let (result, logits) = try evaluate()
        for (index, question) in result.questions.enumerated() {
            let expected = probabilities(ofLogits: logits[index * 5..<index * 5 + 5])
            for (found, expected) in zip(question.probabilities, expected) {
                #expect(abs(found - expected) < 1e-6)
            }
            let right = question.probabilities[dataset.labels[index]]
            #expect(abs(question.loss + log(right)) < 1e-6)
        }
        let losses = result.questions.map(\.loss)
        #expect(result.loss == losses.reduce(0, +) / 4)
    }

    @Test func averagesTheProbabilitiesOfAllWordings() throws {
        let (prompts, model) = (["which color", "how big"], PromptFixture.model(numClasses: 5))
        let reading = try PromptFixture.reading()
        func evaluate(_ evaluated: PromptWordings.Evaluated) throws -> [AnsweredQuestion] {
            let wordings = PromptWordings(
                [.init(task: "size", training: prompts)], evaluated: evaluated)
            let evaluator = Evaluator(
                outputs: Self.outputs, reading: reading, batchSize: 3, wordings: wordings)
            return try #require(try evaluator.evaluate(model, on: dataset)).questions
        }
        let (first, all) = (try evaluate(.first), try evaluate(.all))
        for question in 0..<4 {
            let tokens = try reading.frameTokens(numClips: 2, tokensPerClip: 5) { _ in
                try dataset.features(of: question)
            }
            let asked = question % 2 == 0 ? ["", ""] : prompts
            let logits = model.logits(tokens, prompts: reading.tokenized(asked))
            let rows = [0, 1].map { probabilities(ofLogits: logits[$0 * 5..<$0 * 5 + 5]) }
            for output in 0..<5 {
                let mean = (rows[0][output] + rows[1][output]) / 2
                #expect(abs(first[question].probabilities[output] - rows[0][output]) < 1e-6)
                #expect(abs(all[question].probabilities[output] - mean) < 1e-6)
            }
            let right = all[question].probabilities[dataset.labels[question]]
            #expect(abs(all[question].loss + log(right)) < 1e-6)
        }
        #expect(first.map(\.probabilities) != all.map(\.probabilities))
    }

    @Test func saysWhichWordingsWereAsked() throws {
        let wordings = PromptWordings(
            [.init(task: "size", training: ["how big"])], evaluated: .all)
        let evaluator = Evaluator(
            outputs: Self.outputs, reading: try PromptFixture.reading(), batchSize: 3,
            wordings: wordings)
        let result = try evaluator.evaluate(PromptFixture.model(numClasses: 5), on: dataset)
        #expect(try #require(result).tasks.map(\.evalPrompts) == [nil, .all])
    }

    @Test func knowsTheBestAnswerOfAllTasks() throws {
        let (result, logits) = try evaluate()
        for (index, question) in result.questions.enumerated() {
            let row = Array(logits[index * 5..<index * 5 + 5])
            #expect(row[question.bestOutput] == row.max())
        }
        for task in result.tasks {
            let right = task.questions.count {
                $0.bestOutput == $0.label + ($0.task == 0 ? 0 : 2)
            }
            #expect(task.accuracyAmongAllTasks == Double(right) / 2)
        }
    }

    @Test func stopsWhenAsked() throws {
        let evaluator = Evaluator(
            outputs: Self.outputs, reading: try ClipReading(qformer: smallQFormer), batchSize: 3)
        let model = VideoClassifier(configuration: smallQFormer, numClasses: 5, seed: 3)
        #expect(try evaluator.evaluate(model, on: dataset) { true } == nil)
    }
}
