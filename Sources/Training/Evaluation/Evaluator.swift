import Foundation
public import Models
import Recipes
import Tensors

/// Runs models over all questions of a split, without dropout.
public struct Evaluator: Sendable {
    let outputs: ModelOutputs
    let reading: ClipReading
    let batchSize: Int
    let wordings: PromptWordings?

    /// Prepares to evaluate models of the same outputs.
    /// - Parameters:
    ///   - outputs: The answers that the models can give.
    ///   - reading: How prompts and frame tokens are read.
    ///   - batchSize: Rows at once, of which a question has one for each of its wordings.
    ///   - wordings: How the questions of some tasks are worded.
    public init(
        outputs: ModelOutputs, reading: ClipReading, batchSize: Int,
        wordings: PromptWordings? = nil
    ) {
        self.outputs = outputs
        self.reading = reading
        self.batchSize = batchSize
        self.wordings = wordings
    }

    /// Evaluates `model` on `dataset`, which has at least one question.
    ///
    /// The answer to a question is the best one of its own task, by the mean of the probabilities
    /// if it is asked in several wordings. `shouldStop` is asked before each batch.
    /// - Returns: `nil` if it was stopped.
    /// - Throws: `TrainingError.noAnswer` if an output is not finite, and what reading the features
    ///   and `shouldStop` throw.
    public func evaluate(
        _ model: VideoClassifier, on dataset: some FeatureDataset,
        shouldStop: () throws -> Bool = { false }
    ) throws -> EvaluationResult? {
        guard let questions = try answers(of: model, to: dataset, shouldStop: shouldStop) else {
            return nil
        }
        var result = EvaluationResult(outputs: outputs, questions: questions)
        for place in result.tasks.indices {
            let hasWordings = wordings?.task(named: result.tasks[place].task.task) != nil
            if hasWordings, reading.readsText {
                result.tasks[place].evalPrompts = wordings?.evaluated
            }
        }
        return result
    }

    /// The answers of `model` to the questions of `dataset`; `nil` if it was stopped.
    func answers(
        of model: VideoClassifier, to dataset: some FeatureDataset, shouldStop: () throws -> Bool
    ) throws -> [AnsweredQuestion]? {
        let prompts = QuestionPrompts(
            dataset, outputs: outputs, reading: reading, wordings: wordings?.toEvaluate)
        let size = max(1, batchSize / prompts.maximumCount)
        let batches = stride(from: 0, to: dataset.count, by: size).map {
            $0..<min($0 + size, dataset.count)
        }
        /// The question of each row of a batch, which has a row for each wording.
        func rows(_ batch: Range<Int>) -> ArraySlice<Int> {
            batch.flatMap { repeatElement($0, count: prompts.count($0)) }[...]
        }
        var questions: [AnsweredQuestion] = []
        questions.reserveCapacity(dataset.count)
        var reader = BatchReader(dataset, reading)
        for (number, batch) in batches.enumerated() {
            if try shouldStop() { return nil }
            let next = number + 1 < batches.count ? rows(batches[number + 1]) : nil
            let tokens = try reader.tokens(of: rows(batch), next: next)
            let logits = model.logits(tokens, prompts: prompts.all(batch))
            if let place = logits.firstIndex(where: { !$0.isFinite }) {
                throw TrainingError.noAnswer(key: dataset.keys[rows(batch)[place / outputs.count]])
            }
            let means = averaged(logits, batch.map(prompts.count))
            questions += answers(means, to: batch, of: dataset)
        }
        return questions
    }

    /// The logits of questions that have `counts` rows: the logarithms of their mean probabilities.
    private func averaged(_ logits: [Float], _ counts: [Int]) -> [Float] {
        guard counts.contains(where: { $0 > 1 }) else { return logits }
        var row = 0
        return counts.flatMap { count in
            defer { row += count }
            var sums = [Double](repeating: 0, count: outputs.count)
            for row in row..<row + count {
                let own = logits[row * outputs.count..<(row + 1) * outputs.count]
                for (output, share) in Tensors.probabilities(ofLogits: own).enumerated() {
                    sums[output] += share
                }
            }
            // A probability of 0 has no logarithm.
            return sums.map { Float(log(max($0 / Double(count), .leastNormalMagnitude))) }
        }
    }

    /// What `logits`, a row for each question of `range`, answer.
    private func answers(
        _ logits: [Float], to range: Range<Int>, of dataset: some FeatureDataset
    ) -> [AnsweredQuestion] {
        var gradient = logits
        var span = gradient.mutableSpan
        let losses = crossEntropy(
            logits: logits.span, labels: Array(dataset.labels[range]), weight: 1, gradient: &span)
        func best(_ logits: ArraySlice<Float>) -> Int {
            let place = logits.indices.max { logits[$0] < logits[$1] } ?? logits.startIndex
            return place - logits.startIndex
        }
        return range.enumerated().map { row, question in
            let row = row * outputs.count..<(row + 1) * outputs.count
            let label = dataset.labels[question]
            let task = outputs.task(of: label)
            let own = outputs.logits(logits[row], ofTask: task)
            let prediction = best(own)
            return AnsweredQuestion(
                key: dataset.keys[question], video: dataset.videos[question],
                prompt: dataset.prompts[question], group: dataset.groups[question], task: task,
                label: label - outputs.range(of: task).lowerBound, prediction: prediction,
                bestOutput: best(logits[row]),
                confidence: Tensors.probabilities(ofLogits: own)[prediction],
                probabilities: outputs.count > AnsweredQuestion.maximumOutputs
                    ? [] : Tensors.probabilities(ofLogits: logits[row]),
                loss: losses[question - range.lowerBound])
        }
    }
}
