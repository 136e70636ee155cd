import Foundation

/// Accuracy, F1 scores, confusion matrix and report of predictions, equal to scikit-learn's.
public struct ClassificationMetrics: Sendable, Equatable {
    /// Share of clips whose predicted class is the true one.
    public let accuracy: Double
    /// F1 of the classes weighted by support.
    public let f1Weighted: Double
    /// Unweighted mean of the classes' F1.
    public let f1Macro: Double
    /// Clips of true class (row) predicted as class (column).
    public let confusionMatrix: [[Int]]
    /// What `classification_report(digits=4, zero_division=0)` prints.
    public let report: String

    /// Compares predictions with labels, both as class indices.
    /// - Precondition: as many labels as predictions, at least one; all are indices of `classes`.
    init(labels: [Int], predictions: [Int], classes: [String]) {
        precondition(labels.count == predictions.count && !labels.isEmpty)
        var matrix = [[Int]](
            repeating: [Int](repeating: 0, count: classes.count), count: classes.count)
        for (label, prediction) in zip(labels, predictions) { matrix[label][prediction] += 1 }
        confusionMatrix = matrix
        let scores = classes.indices.map { ClassScores(index: $0, confusionMatrix: matrix) }
        let total = Double(labels.count)
        accuracy = Double(classes.indices.reduce(0) { $0 + matrix[$1][$1] }) / total
        // scikit-learn's weighted F1 knows only the classes that occur, as labels or predictions.
        let occurring = scores.filter { $0.support > 0 || $0.predicted > 0 }
        f1Weighted = weightedMean(of: occurring.map(\.f1), weights: occurring.map(\.support))
        f1Macro = pairwiseSum(scores.map(\.f1)) / Double(scores.count)
        report = Self.makeReport(scores, classes: classes, accuracy: accuracy, total: labels.count)
    }

    private static func makeReport(
        _ scores: [ClassScores], classes: [String], accuracy: Double, total: Int
    ) -> String {
        let width = max("weighted avg".count, classes.map(\.count).max() ?? 0)
        func left(_ text: String) -> String {
            String(repeating: " ", count: width - text.count) + text
        }
        func right(_ text: String) -> String {
            String(repeating: " ", count: max(0, 9 - text.count)) + text
        }
        func line(_ name: String, _ values: [String]) -> String {
            left(name) + " " + values.map { " " + right($0) }.joined() + "\n"
        }
        func digits(_ value: Double) -> String { String(format: "%.4f", value) }

        var text = line("", ["precision", "recall", "f1-score", "support"]) + "\n"
        for (name, score) in zip(classes, scores) {
            let ratios = [score.precision, score.recall, score.f1]
            text += line(name, ratios.map(digits) + ["\(score.support)"])
        }
        text += "\n" + line("accuracy", ["", "", digits(accuracy), "\(total)"])
        let columns: [(ClassScores) -> Double] = [\.precision, \.recall, \.f1]
        text += line(
            "macro avg",
            columns.map { digits(pairwiseSum(scores.map($0)) / Double(scores.count)) }
                + ["\(total)"])
        text += line(
            "weighted avg",
            columns.map { column in
                digits(weightedMean(of: scores.map(column), weights: scores.map(\.support)))
            }
                + ["\(total)"])
        return text
    }
}

/// Precision, recall and F1 of one class; a ratio with denominator 0 counts as 0.
struct ClassScores {
    let precision: Double
    let recall: Double
    let f1: Double
    /// Clips of this class.
    let support: Int
    /// Clips predicted as this class.
    let predicted: Int

    init(index: Int, confusionMatrix: [[Int]]) {
        let hits = confusionMatrix[index][index]
        support = confusionMatrix[index].reduce(0, +)
        predicted = confusionMatrix.reduce(0) { $0 + $1[index] }
        func ratio(_ numerator: Int, _ denominator: Int) -> Double {
            denominator == 0 ? 0 : Double(numerator) / Double(denominator)
        }
        precision = ratio(hits, predicted)
        recall = ratio(hits, support)
        f1 = ratio(2 * hits, support + predicted)
    }
}

private func weightedMean(of values: [Double], weights: [Int]) -> Double {
    let total = weights.reduce(0, +)
    guard total > 0 else { return 0 }
    return pairwiseSum(zip(values, weights).map { $0 * Double($1) }) / Double(total)
}

/// A sum in NumPy's order, so that the last bit agrees: eight running sums up to 128 elements.
///
/// Source: NumPy, `pairwise_sum`.
private func pairwiseSum(_ values: [Double]) -> Double {
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
