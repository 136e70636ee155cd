public import Models
import Tensors

/// Runs models over all questions of a split, without dropout.
public struct Evaluator: Sendable {
    private let outputs: ModelOutputs
    private let reading: ClipReading
    private let batchSize: Int

    /// - Parameters:
    ///   - outputs: The answers that the models can give.
    ///   - reading: How prompts and frame tokens are read.
    ///   - batchSize: Questions at once.
    public init(outputs: ModelOutputs, reading: ClipReading, batchSize: Int) {
        self.outputs = outputs
        self.reading = reading
        self.batchSize = batchSize
    }

    /// Evaluates `model` on `dataset`, which has at least one question.
    ///
    /// The answer to a question is the best one of its own task. `shouldStop` is asked before each
    /// batch.
    /// - Returns: `nil` if it was stopped.
    /// - Throws: `TrainingError.noAnswer` if an output is not finite, and what reading the features and
    ///   `shouldStop` throw.
    public func evaluate(
        _ model: VideoClassifier, on dataset: some FeatureDataset,
        shouldStop: () throws -> Bool = { false }
    ) throws -> EvaluationResult? {
        let prompts = reading.tokenized(dataset.prompts)
        var questions: [AnsweredQuestion] = []
        questions.reserveCapacity(dataset.count)
        let indices = Array(0..<dataset.count)
        var reader = BatchReader(dataset, reading)
        for start in stride(from: 0, to: dataset.count, by: batchSize) {
            if try shouldStop() { return nil }
            let end = min(start + batchSize, dataset.count)
            let next =
                end < dataset.count ? indices[end..<min(end + batchSize, dataset.count)] : nil
            let tokens = try reader.tokens(of: indices[start..<end], next: next)
            let logits = model.logits(
                tokens, prompts: prompts.isEmpty ? [] : Array(prompts[start..<end]))
            questions += try answers(logits, to: start..<end, of: dataset)
        }
        return EvaluationResult(outputs: outputs, questions: questions)
    }

    /// What `logits`, a row for each question of `range`, answer.
    private func answers(
        _ logits: [Float], to range: Range<Int>, of dataset: some FeatureDataset
    ) throws(TrainingError) -> [AnsweredQuestion] {
        if let place = logits.firstIndex(where: { !$0.isFinite }) {
            throw .noAnswer(key: dataset.keys[range.lowerBound + place / outputs.count])
        }
        var gradient = logits
        var span = gradient.mutableSpan
        let losses = crossEntropy(
            logits: logits.span, labels: Array(dataset.labels[range]), weight: 1, gradient: &span)
        return range.enumerated().map { row, question in
            let row = row * outputs.count..<(row + 1) * outputs.count
            let label = dataset.labels[question]
            let task = outputs.task(of: label)
            let own = outputs.logits(logits[row], ofTask: task)
            let best = own.indices.max { own[$0] < own[$1] } ?? own.startIndex
            let prediction = best - own.startIndex
            return AnsweredQuestion(
                key: dataset.keys[question], video: dataset.videos[question],
                prompt: dataset.prompts[question], group: dataset.groups[question], task: task,
                label: label - outputs.range(of: task).lowerBound, prediction: prediction,
                confidence: Tensors.probabilities(ofLogits: own)[prediction],
                probabilities: outputs.count > AnsweredQuestion.maximumOutputs
                    ? [] : Tensors.probabilities(ofLogits: logits[row]),
                loss: losses[question - range.lowerBound])
        }
    }
}
