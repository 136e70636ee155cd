import Files
import Recipes
import Training

/// The confusion matrix of a task as text: rows are true classes, columns predicted ones.
struct ConfusionTable {
    private let classes: [String]
    private let matrix: ConfusionMatrix
    private static let title = "confusion matrix (rows: true class)"

    init(_ task: TaskEvaluation) {
        (classes, matrix) = (task.task.classes, task.metrics.confusionMatrix)
    }

    /// The table in at most `width` columns: with names above its columns, else with numbers, else,
    /// as of very many classes, the most frequent confusions.
    func text(width: Int?) -> String {
        guard classes.count <= EvaluationOutput.maximumClasses else { return list(width) }
        let longest = classes.map(columns).max() ?? 0
        let named = table(
            name: max(4, longest), cell: max(4, longest), headings: classes)
        guard let width, columns(of: named[0]) > width else { return text(named) }
        let numbers = classes.indices.map { "\($0 + 1)" }
        let cell = classes.indices.flatMap { row in
            classes.indices.map { "\(matrix[row, $0])".count }
        }
        .reduce(numbers.count > 9 ? 2 : 1, max)
        let room = width - classes.count * (cell + 1) - 1
        guard room >= 8 else { return list(width) }
        let names = zip(numbers, classes).map { shortened("\($0) \($1)", toColumns: room) }
        let name = names.map(columns).max() ?? 0
        return text(table(names: names, name: name, cell: cell, headings: numbers))
    }

    private func text(_ lines: [String]) -> String {
        ([Self.title] + lines).joined(separator: "\n") + "\n"
    }

    /// A line of headings and one for each class; `name` and `cell` are widths in columns.
    private func table(
        names: [String]? = nil, name: Int, cell: Int, headings: [String]
    ) -> [String] {
        func padded(_ text: String, _ width: Int) -> String {
            String(repeating: " ", count: max(0, 1 + width - columns(of: text))) + text
        }
        let header = padded("", name) + headings.map { padded($0, cell) }.joined()
        return [header]
            + classes.indices.map { row in
                let counts = classes.indices.map { matrix[row, $0] }
                return padded(names?[row] ?? classes[row], name)
                    + counts.map { padded($0 == 0 ? "·" : "\($0)", cell) }.joined()
            }
    }

    private func list(_ width: Int?) -> String {
        let pairs = matrix.confusions.prefix(20).map {
            "\($0.count) × \(classes[$0.label]) taken for \(classes[$0.prediction])"
        }
        let lines = ["most frequent confusions (all: metrics.json)"] + pairs
        return wrapped(lines.joined(separator: "\n"), toColumns: width) + "\n"
    }
}
