/// A validated manifest: every row of the file is in `rows` or in `rejectedRows`.
public struct Manifest: Sendable {
    /// The columns that quarantine files add; they are ignored on reading.
    public static let quarantineColumns = ["reason", "stage", "detail", "attempts"]

    /// The header's columns without `quarantineColumns`.
    public let columns: [String]
    /// Rows that can become clips, in the order of the file.
    public let rows: [ManifestRow]
    /// Rows that cannot, in the order of the file.
    public let rejectedRows: [RejectedRow]

    /// The file's name, which messages that become part of a dataset use.
    public let name: String
    /// The file's content.
    public let bytes: [UInt8]

    /// Number of rows in the file.
    public var count: Int { rows.count + rejectedRows.count }

    /// Reads the CSV file at `path`.
    /// - Parameters:
    ///   - path: The file.
    ///   - name: The name to use for it in messages; `nil` means its own.
    /// - Throws: `ManifestError` if the file as a whole cannot be used; the fault of one row only
    ///   rejects that row.
    public init(path: String, name: String? = nil) throws(ManifestError) {
        let file = try CSVFile(path: path)
        let header = file.header.map { $0.lowercased() }
        for required in ["video", "label"] where !header.contains(required) {
            throw .missingColumn(path: path, column: required, found: file.header)
        }
        for (index, name) in header.enumerated() where header[..<index].contains(name) {
            throw .duplicateColumn(path: path, column: name)
        }
        guard !file.records.isEmpty else { throw .noRows(path: path) }

        let kept = header.indices.filter { !Self.quarantineColumns.contains(header[$0]) }
        columns = kept.map { file.header[$0] }
        self.name = name ?? String(path.split(separator: "/").last ?? "")
        bytes = file.bytes
        var reader = RowReader(file: self.name, columns: kept.map { header[$0] })
        for (number, record) in file.records.enumerated() {
            let fields = kept.map { $0 < record.fields.count ? record.fields[$0] : "" }
            reader.read(
                fields, number: number, line: record.line,
                surplus: record.fields.count - header.count)
        }
        rows = reader.rows
        rejectedRows = reader.rejectedRows
    }
}

/// Turns records into rows one after the other and remembers what was seen before.
private struct RowReader {
    /// The file's name; its folder stays out, since the sentences become part of the dataset.
    let file: String
    let columns: [String]
    var rows: [ManifestRow] = []
    var rejectedRows: [RejectedRow] = []
    private var lineOfClip: [[String]: Int] = [:]
    private var splitOfGroup: [String: Split] = [:]

    init(file: String, columns: [String]) {
        self.file = file
        self.columns = columns
    }

    mutating func read(_ fields: [String], number: Int, line: Int, surplus: Int) {
        do throws(RowFault) {
            if surplus > 0 {
                throw RowFault(
                    "surplus-fields", column: "video",
                    "\(surplus) more fields than the header; quote a field that holds a comma")
            }
            let row = try makeRow(fields, number: number, line: line)
            if let first = lineOfClip[row.clipIdentity] {
                throw RowFault(
                    "duplicate-row", column: "video",
                    "the same clip as line \(first); remove one of the two rows")
            }
            if let group = row.group, let split = row.split {
                let first = splitOfGroup[group, default: split]
                guard first == split else {
                    throw RowFault(
                        "divided-group", column: "split",
                        "found \(split), but group `\(group)` is in \(first); "
                            + "write one split for all")
                }
                splitOfGroup[group] = split
            }
            lineOfClip[row.clipIdentity] = line
            rows.append(row)
        } catch {
            rejectedRows.append(
                RejectedRow(
                    number: number, fields: fields, reason: error.reason,
                    detail: "\(file), line \(line), column \(error.column): \(error.finding)."))
        }
    }

    private func makeRow(
        _ fields: [String], number: Int, line: Int
    ) throws(RowFault) -> ManifestRow {
        var values: [String: String] = [:]
        for (column, field) in zip(columns, fields) where !field.isEmpty { values[column] = field }

        guard let video = values.removeValue(forKey: "video") else {
            throw RowFault("missing-video", column: "video", "no value; write the video's path")
        }
        if video.utf8.contains(0) {
            throw RowFault("invalid-video", column: "video", "a zero byte; write the video's path")
        }
        guard let label = values.removeValue(forKey: "label") else {
            throw RowFault("missing-label", column: "label", "no value; write the video's class")
        }
        let splitText = values.removeValue(forKey: "split")
        let split = splitText.flatMap(Split.init(manifestText:))
        if let splitText, split == nil {
            throw RowFault(
                "invalid-split", column: "split",
                "found `\(splitText)`; write train, validation or test, or nothing")
        }
        let start = try seconds(values.removeValue(forKey: "start"), column: "start")
        let end = try seconds(values.removeValue(forKey: "end"), column: "end")
        if let end, end <= start ?? 0 {
            throw RowFault(
                "invalid-window", column: "end",
                "found \(end), which is not after the start \(start ?? 0); "
                    + "write seconds from the first frame")
        }
        return ManifestRow(
            number: number, line: line, fields: fields, video: video, label: label, split: split,
            prompt: values.removeValue(forKey: "prompt"), start: start, end: end,
            group: values.removeValue(forKey: "group"), id: values.removeValue(forKey: "id"),
            extra: values)
    }

    private func seconds(_ text: String?, column: String) throws(RowFault) -> Double? {
        guard let text else { return nil }
        guard let value = Double(text), value.isFinite, value >= 0 else {
            throw RowFault(
                "invalid-window", column: column,
                "found `\(text)`; write seconds from the first frame, such as 1.5")
        }
        return value
    }
}

private struct RowFault: Error {
    let reason: String
    let column: String
    let finding: String

    init(_ reason: String, column: String, _ finding: String) {
        self.reason = reason
        self.column = column
        self.finding = finding
    }
}
