public import Models
import Tensors

/// What a model makes of every clip of a split.
public struct EvaluationResult: Sendable {
    /// Scores over all clips.
    public let metrics: ClassificationMetrics
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

/// Runs `model` without dropout over all clips of `dataset`.
/// - Throws: what reading the features throws.
public func evaluate(
    _ model: VideoClassifier, on dataset: some FeatureDataset, classes: [String], batchSize: Int
) throws -> EvaluationResult {
    var logits: [Float] = []
    let indices = Array(0..<dataset.count)
    for start in stride(from: 0, to: dataset.count, by: batchSize) {
        let batch = indices[start..<min(start + batchSize, dataset.count)]
        let features = try dataset.features(of: batch)
        logits += model.logits(features: features.span, numClips: batch.count)
    }
    let rows = indices.map { logits[$0 * classes.count..<($0 + 1) * classes.count] }
    let predictions = rows.map { row in
        (row.indices.max { row[$0] < row[$1] } ?? row.startIndex) - row.startIndex
    }
    var gradient = logits
    var span = gradient.mutableSpan
    let losses = crossEntropy(
        logits: logits.span, labels: dataset.labels, weight: 1, gradient: &span)
    return EvaluationResult(
        metrics: ClassificationMetrics(
            labels: dataset.labels, predictions: predictions, classes: classes),
        loss: losses.reduce(0, +) / Double(dataset.count), keys: dataset.keys,
        labels: dataset.labels, predictions: predictions,
        probabilities: rows.map(probabilities(ofLogits:)), losses: losses)
}
