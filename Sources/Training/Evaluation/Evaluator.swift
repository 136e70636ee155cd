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
        guard let logits = try logits(model, dataset, shouldStop) else { return nil }
        let labels = dataset.labels
        var gradient = logits
        var span = gradient.mutableSpan
        let losses = crossEntropy(
            logits: logits.span, labels: labels, weight: 1, gradient: &span)
        let (keys, videos) = (dataset.keys, dataset.videos)
        let (prompts, groups) = (dataset.prompts, dataset.groups)
        let questions = labels.indices.map { question in
            let row = logits[question * outputs.count..<(question + 1) * outputs.count]
            let task = outputs.task(of: labels[question])
            let own = outputs.logits(row, ofTask: task)
            let best = own.indices.max { own[$0] < own[$1] } ?? own.startIndex
            let prediction = best - own.startIndex
            return AnsweredQuestion(
                key: keys[question], video: videos[question], prompt: prompts[question],
                group: groups[question], task: task,
                label: labels[question] - outputs.range(of: task).lowerBound,
                prediction: prediction,
                confidence: Tensors.probabilities(ofLogits: own)[prediction],
                probabilities: Tensors.probabilities(ofLogits: row), loss: losses[question])
        }
        return EvaluationResult(outputs: outputs, questions: questions)
    }

    private func logits(
        _ model: VideoClassifier, _ dataset: some FeatureDataset, _ shouldStop: () throws -> Bool
    ) throws -> [Float]? {
        let prompts = reading.tokenized(dataset.prompts)
        var logits: [Float] = []
        let indices = Array(0..<dataset.count)
        var reader = BatchReader(dataset, reading)
        for start in stride(from: 0, to: dataset.count, by: batchSize) {
            if try shouldStop() { return nil }
            let end = min(start + batchSize, dataset.count)
            let next =
                end < dataset.count ? indices[end..<min(end + batchSize, dataset.count)] : nil
            let tokens = try reader.tokens(of: indices[start..<end], next: next)
            let batch = model.logits(
                tokens, prompts: prompts.isEmpty ? [] : Array(prompts[start..<end]))
            if let place = batch.firstIndex(where: { !$0.isFinite }) {
                throw TrainingError.noAnswer(key: dataset.keys[start + place / outputs.count])
            }
            logits += batch
        }
        return logits
    }
}
