import Files
import Foundation

/// An offline W&B run: `wandb/offline-run-DATE_TIME-ID/run-ID.wandb`, which `wandb sync` uploads.
///
/// Values of one step become one row of the run's history. Each row reaches the file when the next
/// step begins, at a checkpoint and at the end.
///
/// Source: wandb 0.31, `wandb_internal.proto` for the records and their field numbers.
final class WandbRun {
    private let log: WandbLog
    private let startTime: Double
    private var number: Int
    private var pending: (step: Int, time: Double, scalars: [(tag: String, value: Double)])?

    /// Field numbers of `Record`.
    private enum Field {
        static let number = 1
        static let history = 2
        static let summary = 3
        static let run = 17
        static let exit = 18
        static let header = 21
    }

    /// Continues the run in `directory`, or begins one.
    /// - Parameters:
    ///   - directory: The run directory.
    ///   - startTime: Seconds since 1970.
    ///   - configuration: The options by name, as JSON.
    /// - Throws: `FileError.cannotCreate` or `.system`.
    init(
        directory: String, startTime: Double, configuration: [(name: String, json: String)]
    ) throws {
        self.startTime = startTime
        if let (log, count) = try Self.existing(in: directory) {
            (self.log, number) = (log, count)
            return
        }
        var generator = SystemRandomNumberGenerator()
        let letters = Array("abcdefghijklmnopqrstuvwxyz0123456789")
        let id = String((0..<8).map { _ in letters.randomElement(using: &generator) ?? "a" })
        let folder = "\(directory)/wandb/offline-run-\(Self.date(startTime))-\(id)"
        try makeDirectory(at: "\(folder)/files")
        try makeDirectory(at: "\(folder)/logs")
        log = try WandbLog(creating: "\(folder)/run-\(id).wandb")
        number = 0
        try append(Field.header) {
            $0.add(1) {
                $0.add(1, "vbtrain \(RunDirectory.programVersion)")
                $0.add(2, "0.70.0")
            }
        }
        try append(Field.run) {
            $0.add(1, id)
            $0.add(3, "vbtrain")
            $0.add(4) { config in
                for (name, json) in configuration {
                    config.add(1) {
                        $0.add(1, name)
                        $0.add(16, json)
                    }
                }
            }
            $0.add(8, lastComponent(of: directory))
            $0.add(17) {
                $0.add(1, Int(startTime))
                $0.add(2, Int((startTime - startTime.rounded(.down)) * 1e9))
            }
        }
    }

    /// The newest run in `directory` that has its first records, and how many it has.
    private static func existing(in directory: String) throws -> (WandbLog, Int)? {
        let names = (try? namesInDirectory("\(directory)/wandb")) ?? []
        for name in names.sorted().reversed() where name.hasPrefix("offline-run-") {
            let folder = "\(directory)/wandb/\(name)"
            guard let file = try namesInDirectory(folder).first(where: { $0.hasSuffix(".wandb") })
            else { continue }
            let log = WandbLog(path: "\(folder)/\(file)")
            let count = try log.records().count
            if count >= 2 { return (log, count) }
        }
        return nil
    }

    /// `20260102_030405` in the local time zone, as W&B names its folders.
    private static func date(_ seconds: Double) -> String {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.dateFormat = "yyyyMMdd_HHmmss"
        return formatter.string(from: Date(timeIntervalSince1970: seconds))
    }

    // MARK: - History

    /// Adds `scalars` of `step`.
    func append(step: Int, time: Double, scalars: [(tag: String, value: Double)]) throws {
        if pending?.step != step { try flush() }
        pending = (step, time, (pending?.scalars ?? []) + scalars)
    }

    /// Writes the row that waits for more values of its step.
    func flush() throws {
        guard let (step, time, scalars) = pending else { return }
        pending = nil
        let items =
            scalars.map { ($0.tag, "\($0.value)") } + [
                ("_step", "\(step)"), ("_timestamp", "\(time)"),
                ("_runtime", "\(time - startTime)"),
            ]
        func add(_ items: [(String, String)], to record: inout ProtobufMessage) {
            for (name, json) in items {
                record.add(1) {
                    $0.add(2, name)
                    $0.add(16, json)
                }
            }
        }
        try append(Field.summary) { add(items, to: &$0) }
        try append(Field.history) {
            add(items, to: &$0)
            $0.add(2) { $0.add(1, step) }
        }
    }

    /// Notes that the run has ended without an error.
    func finish(time: Double) throws {
        try flush()
        try append(Field.exit) { $0.add(2, Int(time - startTime)) }
    }

    /// Cuts the file before the first row that is not kept, the end of an earlier training, or what
    /// a kill left of a record.
    ///
    /// The last row is taken back, too: its step may not have been over when it was written.
    func rewind(keeping isKept: (_ step: Int, _ tag: String) -> Bool) throws {
        pending = nil
        let records = try log.records()
        var kept = 0
        var last: ProtobufFields?
        for (index, record) in records.enumerated() {
            let fields = ProtobufFields(record.data)
            if fields.message(Field.exit) != nil { break }
            if let row = fields.message(Field.history) {
                let step = row.message(2)?.integer(1) ?? 0
                let tags = row.messages(1).compactMap { $0.text(2) }.filter { !$0.hasPrefix("_") }
                guard tags.allSatisfy({ isKept(step, $0) }) else { break }
                kept = index + 1
                last = row
            } else if fields.message(Field.summary) == nil {
                kept = index + 1
            }
        }
        if let last {
            pending = Self.row(last)
            // The row and the summary before it.
            kept -= 2
        }
        number = kept
        try log.truncate(toBytes: kept == 0 ? nil : records[kept - 1].end)
    }

    /// What a row of the history holds.
    private static func row(
        _ row: ProtobufFields
    ) -> (step: Int, time: Double, scalars: [(tag: String, value: Double)]) {
        let items = row.messages(1).map { item in
            (tag: item.text(2) ?? "", value: Double(item.text(16) ?? "") ?? .nan)
        }
        let time = items.first { $0.tag == "_timestamp" }?.value ?? 0
        return (row.message(2)?.integer(1) ?? 0, time, items.filter { !$0.tag.hasPrefix("_") })
    }

    private func append(_ field: Int, _ content: (inout ProtobufMessage) -> Void) throws {
        number += 1
        var record = ProtobufMessage()
        record.add(Field.number, number)
        record.add(field, content)
        try log.append(record.bytes)
    }
}
