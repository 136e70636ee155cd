import Foundation

/// Precision, recall, F1 and support of classes, as scikit-learn's
/// `classification_report(digits=4, zero_division=0)` prints them.
public struct ClassificationReport {
    private let classes: [String]
    private let scores: [ClassScores]

    /// - Precondition: `matrix` has as many classes.
    public init(_ matrix: ConfusionMatrix, classes: [String]) {
        precondition(matrix.numClasses == classes.count)
        self.classes = classes
        scores = matrix.scores
    }

    /// The whole report.
    public var text: String { text(of: Array(scores.indices)) }

    /// The report of at most `limit` classes: those that occur with the lowest F1, if there are more.
    public func text(limit: Int) -> String {
        guard scores.count > limit else { return text }
        let worst = scores.indices.filter { scores[$0].support > 0 }
            .sorted { (scores[$0].f1, $0) < (scores[$1].f1, $1) }.prefix(limit)
        return text(of: Array(worst), omitted: scores.count - worst.count)
    }

    private func text(of shown: [Int], omitted: Int = 0) -> String {
        let width = max("weighted avg".count, shown.map { classes[$0].count }.max() ?? 0)
        func line(_ name: String, _ values: [String]) -> String {
            let cells = values.map { padded($0, to: 9) }
            return padded(name, to: width) + " " + cells.map { " " + $0 }.joined() + "\n"
        }
        func digits(_ value: Double) -> String { String(format: "%.4f", value) }

        var text = line("", ["precision", "recall", "f1-score", "support"]) + "\n"
        for index in shown {
            let score = scores[index]
            let ratios = [score.precision, score.recall, score.f1]
            text += line(classes[index], ratios.map(digits) + ["\(score.support)"])
        }
        if omitted > 0 { text += "(and \(omitted) classes that do better or do not occur)\n" }
        let total = scores.reduce(0) { $0 + $1.support }
        let accuracy = Double(scores.reduce(0) { $0 + $1.hits }) / Double(max(1, total))
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

    private func padded(_ text: String, to width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }
}
