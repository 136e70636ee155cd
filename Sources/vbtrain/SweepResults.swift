import Files
import Manifests
import Pipelines
import Synchronization
import Training

/// What the trainings of a sweep reached: `sweep.json` and `sweep.csv`, written anew after each.
final class SweepResults: Sendable {
    /// One training.
    struct Row: Codable, Sendable, Equatable {
        /// Name of its run directory.
        let run: String
        /// The options that differ, as they were given.
        let options: [String: String]
        /// Whether it came to its end.
        var isFinished = false
        /// Update of the best evaluation, if any was made.
        var bestStep: Int?
        /// Its score by the metric that the best model is chosen by.
        var score: Double?
        var accuracy: Double?
        var f1Weighted: Double?
        var f1Macro: Double?
        var loss: Double?
        /// Accuracy on each task.
        var tasks: [String: Double]?
        /// Why it came to no end.
        var error: String?
    }

    /// `sweep.json`.
    struct Record: Codable {
        /// The best run; `nil` if none has a score.
        let best: String?
        /// What the score is.
        let metric: String
        let runs: [Row]
    }

    private let directory: String
    private let names: [String]
    private let metric: BestMetric
    private let isGreaterBetter: Bool
    private let rows: Mutex<[Row]>

    /// - Parameters:
    ///   - directory: Where the files are.
    ///   - arguments: The trainings.
    ///   - options: Those of any of them.
    ///   - isNew: Whether results of an earlier sweep are forgotten.
    init(
        in directory: String, _ arguments: SweepArguments, _ options: TrainOptions, isNew: Bool
    ) {
        self.directory = directory
        names = arguments.names
        metric = options.metricForBest
        isGreaterBetter = options.isGreaterBetter
        let known = isNew ? [] : Self.read(directory)
        rows = Mutex(
            arguments.combinations.map { combination in
                let options = Dictionary(
                    uniqueKeysWithValues: zip(arguments.names, combination.values))
                let row = known.first { $0.run == combination.name && $0.options == options }
                return row ?? Row(run: combination.name, options: options)
            })
    }

    private static func read(_ directory: String) -> [Row] {
        let path = "\(directory)/sweep.json"
        guard let bytes = try? readFile(path, maximumSize: 1 << 28) else { return [] }
        return (try? decodeSealedJSON(Record.self, from: bytes, path: path))?.runs ?? []
    }

    /// Whether training number `number` came to its end.
    func isFinished(_ number: Int) -> Bool { rows.withLock { $0[number].isFinished } }

    /// Notes what training number `number` reached, and writes both files.
    func record(_ number: Int, _ change: (inout Row) -> Void) throws {
        // Under the lock, so that an older state never replaces a newer one.
        try rows.withLock { rows in
            change(&rows[number])
            try publishFile(sealedJSON(summary(of: rows)), at: "\(directory)/sweep.json")
            try publishFile(Array(csv(rows).utf8), at: "\(directory)/sweep.csv")
        }
    }

    /// All of it.
    var summary: Record { rows.withLock { summary(of: $0) } }

    private func summary(of rows: [Row]) -> Record {
        let best = rows.filter { $0.score != nil }.max {
            let (one, other) = ($0.score ?? 0, $1.score ?? 0)
            return isGreaterBetter ? one < other : one > other
        }
        return Record(best: best?.run, metric: metric.rawValue, runs: rows)
    }

    private func csv(_ rows: [Row]) -> String {
        let figures = ["score", "accuracy", "f1_weighted", "f1_macro", "loss"]
        let lines = rows.map { row in
            [row.run] + names.map { row.options[$0] ?? "" } + [row.bestStep.map { "\($0)" } ?? ""]
                + [row.score, row.accuracy, row.f1Weighted, row.f1Macro, row.loss].map {
                    $0.map { "\($0)" } ?? ""
                } + [row.error ?? ""]
        }
        return ([["run"] + names + ["best_step"] + figures + ["error"]] + lines)
            .map { csvRecord($0) + "\n" }.joined()
    }

    /// A table for people, and the best run.
    var table: String {
        let record = summary
        let width = record.runs.map(\.run.count).max() ?? 0
        func line(_ name: String, _ cells: [String]) -> String {
            name + String(repeating: " ", count: width - name.count)
                + cells.map { String(repeating: " ", count: max(1, 11 - $0.count)) + $0 }.joined()
        }
        func optional(_ share: Double?) -> String { share.map(percent) ?? "-" }
        let rows = record.runs.map { row in
            row.error.map { line(row.run, []) + "  \($0)" }
                ?? line(
                    row.run,
                    [
                        optional(row.accuracy), optional(row.f1Weighted), optional(row.f1Macro),
                        row.loss?.formatted(decimals: 4) ?? "-",
                    ])
        }
        let best = record.best.map { ["best by \(record.metric): \(directory)/\($0)"] } ?? []
        return ([line("run", ["accuracy", "F1", "macro F1", "loss"])] + rows + best)
            .joined(separator: "\n")
    }
}
