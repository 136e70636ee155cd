import Files
import Foundation

/// Precision, recall, F1 and support of classes, as scikit-learn's
/// `classification_report(digits=4, zero_division=0)` prints them.
public struct ClassificationReport {
    private let classes: [String]
    private let scores: [ClassScores]

    /// Reports on the classes of `matrix`, which are called `classes`.
    /// - Precondition: `matrix` has as many classes.
    public init(_ matrix: ConfusionMatrix, classes: [String]) {
        precondition(matrix.numClasses == classes.count)
        self.classes = classes
        scores = matrix.scores
    }

    /// The whole report.
    public var text: String { text(of: Array(scores.indices)) }

    /// The report of at most `limit` classes; if there are more, those that occur with lowest F1.
    ///
    /// It takes at most `width` columns, 40 or more: names are shortened, then numbers rounded.
    public func text(limit: Int, width: Int? = nil) -> String {
        guard scores.count > limit else { return text(of: Array(scores.indices), width: width) }
        let worst = scores.indices.filter { scores[$0].support > 0 }
            .sorted { (scores[$0].f1, $0) < (scores[$1].f1, $1) }.prefix(limit)
        return text(of: Array(worst), omitted: scores.count - worst.count, width: width)
    }

    /// How wide columns are, and what they hold.
    private struct Layout {
        var headings = ["precision", "recall", "f1-score", "support"]
        var decimals = 4
        /// Columns of a number.
        var cell = 9
        /// Columns of a name.
        var name: Int

        /// For names of up to `longest` columns in a table of at most `width` columns.
        init(longest: Int, width: Int?) {
            name = max("weighted avg".count, longest)
            guard let width else { return }
            if width < 1 + "weighted avg".count + 4 * (1 + cell) {
                (headings, decimals, cell) = (["prec", "rec", "f1", "n"], 2, 5)
            }
            name = min(name, max(8, width - 1 - 4 * (1 + cell)))
        }
    }

    private func text(of shown: [Int], omitted: Int = 0, width: Int? = nil) -> String {
        // Without a limit, characters are counted, as scikit-learn does.
        let measure: (String) -> Int = width == nil ? { $0.count } : { columns(of: $0) }
        let layout = Layout(longest: shown.map { measure(classes[$0]) }.max() ?? 0, width: width)
        func line(_ name: String, _ values: [String]) -> String {
            let cells = values.map { padded($0, to: layout.cell) }
            let name = width == nil ? name : shortened(name, toColumns: layout.name)
            let blanks = String(repeating: " ", count: max(0, layout.name - measure(name)))
            return blanks + name + " " + cells.map { " " + $0 }.joined() + "\n"
        }
        func digits(_ value: Double) -> String { String(format: "%.\(layout.decimals)f", value) }

        var text = line("", layout.headings) + "\n"
        for index in shown {
            let score = scores[index]
            let ratios = [score.precision, score.recall, score.f1]
            text += line(classes[index], ratios.map(digits) + ["\(score.support)"])
        }
        if omitted > 0 {
            text += "(left out, better or without questions: \(counted(omitted, "class")))\n"
        }
        let total = scores.reduce(0) { $0 + $1.support }
        let accuracy = Double(scores.reduce(0) { $0 + $1.hits }) / Double(max(1, total))
        text += "\n" + line("accuracy", ["", "", digits(accuracy), "\(total)"])
        let ratios: [(ClassScores) -> Double] = [\.precision, \.recall, \.f1]
        text += line(
            "macro avg",
            ratios.map { digits(pairwiseSum(scores.map($0)) / Double(scores.count)) }
                + ["\(total)"])
        text += line(
            "weighted avg",
            ratios.map { column in
                digits(weightedMean(of: scores.map(column), weights: scores.map(\.support)))
            }
                + ["\(total)"])
        return text
    }

    private func padded(_ text: String, to width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }
}
