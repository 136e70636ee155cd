/// Accuracy, F1 scores, confusion matrix and report of predictions, equal to scikit-learn's.
public struct ClassificationMetrics: Sendable, Equatable {
    /// Share of clips whose predicted class is the true one.
    public let accuracy: Double
    /// F1 of the classes weighted by support.
    public let f1Weighted: Double
    /// Unweighted mean of the classes' F1.
    public let f1Macro: Double
    /// Clips of each true class by predicted class.
    public let confusionMatrix: ConfusionMatrix
    /// What `classification_report(digits=4, zero_division=0)` prints.
    public let report: String

    /// Compares predictions with labels, both as class indices.
    /// - Precondition: as many labels as predictions, at least one; all are indices of `classes`.
    init(labels: [Int], predictions: [Int], classes: [String]) {
        precondition(!labels.isEmpty)
        confusionMatrix = ConfusionMatrix(
            labels: labels, predictions: predictions, numClasses: classes.count)
        let scores = confusionMatrix.scores
        accuracy = Double(scores.reduce(0) { $0 + $1.hits }) / Double(labels.count)
        // scikit-learn's weighted F1 knows only the classes that occur, as labels or predictions.
        let occurring = scores.filter { $0.support > 0 || $0.predicted > 0 }
        f1Weighted = weightedMean(of: occurring.map(\.f1), weights: occurring.map(\.support))
        f1Macro = pairwiseSum(scores.map(\.f1)) / Double(scores.count)
        report = ClassificationReport(confusionMatrix, classes: classes).text
    }
}

func weightedMean(of values: [Double], weights: [Int]) -> Double {
    let total = weights.reduce(0, +)
    guard total > 0 else { return 0 }
    return pairwiseSum(zip(values, weights).map { $0 * Double($1) }) / Double(total)
}

/// A sum in NumPy's order, so that the last bit agrees: eight running sums up to 128 elements.
///
/// Source: NumPy, `pairwise_sum`.
func pairwiseSum(_ values: [Double]) -> Double {
    guard values.count >= 8 else { return values.reduce(0, +) }
    guard values.count <= 128 else {
        let half = values.count / 2 / 8 * 8
        return pairwiseSum(Array(values[..<half])) + pairwiseSum(Array(values[half...]))
    }
    var sums = Array(values[..<8])
    let whole = values.count / 8 * 8
    for index in 8..<max(8, whole) { sums[index % 8] += values[index] }
    var sum =
        ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]))
    for index in whole..<values.count { sum += values[index] }
    return sum
}
