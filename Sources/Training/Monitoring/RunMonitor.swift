import Files
import Foundation

/// Where a training reports its progress, besides `log.jsonl` and `metrics.csv`.
public enum Reporter: String, Sendable, CaseIterable {
    /// Event files that TensorBoard reads.
    case tensorboard
    /// An offline run that `wandb sync` uploads.
    case wandb
}

/// Keeps `metrics.csv`, TensorBoard events and an offline W&B run in step with `log.jsonl`.
final class RunMonitor {
    private let directory: String
    private let table: MetricsTable
    private let events: TensorBoardWriter?
    private let wandb: WandbRun?

    /// Opens what `reporters` need in the run directory `directory`.
    /// - Parameters:
    ///   - directory: The run directory.
    ///   - reporters: Which of them are kept.
    ///   - configuration: The options of the run by name, as JSON.
    /// - Throws: `FileError.cannotCreate` or `.system`.
    init(
        directory: String, reporters: Set<Reporter>, configuration: [(name: String, json: String)]
    ) throws {
        self.directory = directory
        let now = Date().timeIntervalSince1970
        table = try MetricsTable(path: "\(directory)/metrics.csv")
        events =
            reporters.contains(.tensorboard)
            ? try TensorBoardWriter(directory: directory, startTime: now) : nil
        wandb =
            reporters.contains(.wandb)
            ? try WandbRun(directory: directory, startTime: now, configuration: configuration) : nil
    }

    /// Adds `line` to all.
    func append(_ line: some LoggedLine) throws {
        let now = Date().timeIntervalSince1970
        let topic = type(of: line).topic
        let scalars = line.scalars.map { (tag: "\(topic)/\($0.name)", value: $0.value) }
        let all = scalars + [(tag: "\(topic)/epoch", value: line.epoch)]
        try table.append(line)
        try events?.append(step: line.step, wallTime: now, scalars: all)
        try wandb?.append(step: line.step, time: now, scalars: all)
    }

    /// Writes what waits for more values of the same step.
    func flush() throws { try wandb?.flush() }

    /// Notes that the run has ended.
    func finish() throws { try wandb?.finish(time: Date().timeIntervalSince1970) }

    /// Drops everything that `lines` and `evaluations`, which are all lines of the log, do not
    /// have: a resumed training writes it again.
    func rewind(to lines: [LogLine], _ evaluations: [EvaluationLine]) throws {
        try table.rewrite(lines, evaluations)
        let steps = [
            LogLine.topic: Set(lines.map(\.step)),
            EvaluationLine.topic: Set(evaluations.map(\.step)),
        ]
        func isKept(_ step: Int, _ tag: String) -> Bool {
            steps[String(tag.prefix { $0 != "/" })]?.contains(step) ?? true
        }
        try TensorBoardWriter.truncate(in: directory, keeping: isKept)
        try wandb?.rewind(keeping: isKept)
    }
}
