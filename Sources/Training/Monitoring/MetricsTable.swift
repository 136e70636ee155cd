import Files
import Foundation

/// `metrics.csv`: a row for each line of the log, with the columns of Hugging Face's log history.
struct MetricsTable {
    private let path: String

    /// `step`, `epoch`, values of the training, then of evaluations; what a line lacks is empty.
    private static let columns = [
        "step", "epoch", "loss", "learning_rate", "grad_norm", "clips_per_second", "eval_loss",
        "eval_accuracy", "eval_f1_weighted", "eval_f1_macro",
    ]
    private static let header = columns.joined(separator: ",") + "\n"

    /// Begins the file at `path` if there is none.
    init(path: String) throws(FileError) {
        self.path = path
        if !fileExists(path) { try publishFile(Array(Self.header.utf8), at: path) }
    }

    /// Adds the row of `line`.
    func append(_ line: some LoggedLine) throws(FileError) {
        try appendToFile(Array(Self.row(line).utf8), at: path)
    }

    /// Replaces all rows by those of `lines` and `evaluations`, in the order of their steps.
    func rewrite(_ lines: [LogLine], _ evaluations: [EvaluationLine]) throws(FileError) {
        let rows =
            lines.map { ($0.step, 0, Self.row($0)) }
            + evaluations.map { ($0.step, 1, Self.row($0)) }
        let text = rows.sorted { ($0.0, $0.1) < ($1.0, $1.1) }.map(\.2).joined()
        try publishFile(Array((Self.header + text).utf8), at: path)
    }

    private static func row<Line: LoggedLine>(_ line: Line) -> String {
        let prefix = Line.topic == LogLine.topic ? "" : "\(Line.topic)_"
        var values = ["step": "\(line.step)", "epoch": "\(line.epoch)"]
        for (name, value) in line.scalars { values[prefix + name] = "\(value)" }
        return columns.map { values[$0] ?? "" }.joined(separator: ",") + "\n"
    }
}
