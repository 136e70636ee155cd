public import Models
import Tensors

/// What a model makes of every clip of a split.
public struct EvaluationResult: Sendable {
    /// Scores over all clips.
    public let metrics: ClassificationMetrics
    /// How sure the scores are.
    public let statistics: ClassificationStatistics
    /// Mean cross entropy.
    public let loss: Double
    /// Sample key of each clip.
    public let keys: [String]
    /// True class index of each clip.
    public let labels: [Int]
    /// Class index with the largest logit of each clip.
    public let predictions: [Int]
    /// Per clip, one probability per class.
    public let probabilities: [[Double]]
    /// Cross entropy of each clip.
    public let losses: [Double]
}

/// Runs models over all clips of a split, without dropout.
public struct Evaluator: Sendable {
    private let classes: [String]
    private let reading: ClipReading
    private let batchSize: Int

    /// - Parameters:
    ///   - classes: Class names by class index.
    ///   - reading: How prompts and frame tokens are read.
    ///   - batchSize: Clips at once.
    public init(classes: [String], reading: ClipReading, batchSize: Int) {
        self.classes = classes
        self.reading = reading
        self.batchSize = batchSize
    }

    /// Evaluates `model` on `dataset`, which has at least one clip.
    ///
    /// `shouldStop` is asked before each batch.
    /// - Returns: `nil` if it was stopped.
    /// - Throws: what reading the features and `shouldStop` throw.
    public func evaluate(
        _ model: VideoClassifier, on dataset: some FeatureDataset,
        shouldStop: () throws -> Bool = { false }
    ) throws -> EvaluationResult? {
        guard let logits = try logits(model, dataset, shouldStop) else { return nil }
        let rows = (0..<dataset.count).map {
            logits[$0 * classes.count..<($0 + 1) * classes.count]
        }
        let predictions = rows.map { row in
            (row.indices.max { row[$0] < row[$1] } ?? row.startIndex) - row.startIndex
        }
        var gradient = logits
        var span = gradient.mutableSpan
        let losses = crossEntropy(
            logits: logits.span, labels: dataset.labels, weight: 1, gradient: &span)
        let probabilities = rows.map(Tensors.probabilities(ofLogits:))
        return EvaluationResult(
            metrics: ClassificationMetrics(
                labels: dataset.labels, predictions: predictions, classes: classes),
            statistics: ClassificationStatistics(
                labels: dataset.labels, predictions: predictions, probabilities: probabilities,
                numClasses: classes.count),
            loss: losses.reduce(0, +) / Double(dataset.count), keys: dataset.keys,
            labels: dataset.labels, predictions: predictions, probabilities: probabilities,
            losses: losses)
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
            logits += model.logits(
                tokens, prompts: prompts.isEmpty ? [] : Array(prompts[start..<end]))
        }
        return logits
    }
}
