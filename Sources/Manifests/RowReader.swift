import Files
import Recipes

/// Turns records into rows one after the other, and tells which cannot be used.
struct RowReader {
    private let file: String
    private let headerWidth: Int
    private let records: RecordStore
    private let purpose: Manifest.Purpose
    private var rows: [ManifestRow] = []
    private var rejectedRows: [RejectedRow] = []
    private var count = 0

    private var layout: ColumnLayout { records.layout }

    /// - Parameters:
    ///   - file: The manifest's name for messages.
    ///   - headerWidth: How many fields the header has.
    ///   - records: Where rows will read their fields.
    ///   - purpose: What the rows are read for.
    init(file: String, headerWidth: Int, records: RecordStore, purpose: Manifest.Purpose) {
        self.purpose = purpose
        self.file = file
        self.headerWidth = headerWidth
        self.records = records
    }

    /// Takes the next record, which starts at `offset` of the text.
    mutating func read(_ record: DelimitedFile.Record, offset: Int) {
        let number = count
        count += 1
        let fields = records.ofWidth(record.fields)
        var key: ClipKey?
        do throws(RowFault) {
            let surplus = record.fields.count - headerWidth
            if surplus > 0 {
                throw RowFault(
                    "surplus-fields", column: "video",
                    "\(counted(surplus, "field")) beyond the header; quote a field that holds a comma"
                )
            }
            let clipKey = try clip(of: fields).key
            key = clipKey
            if purpose == .dataset, layout.label.map({ fields[$0].isEmpty }) ?? true {
                throw RowFault(
                    "missing-label", column: "label", "no value; write the video's class")
            }
            rows.append(
                ManifestRow(
                    number: number, line: record.line, offset: offset, key: clipKey,
                    split: purpose == .dataset ? try split(of: fields) : nil,
                    records: records))
        } catch {
            rejectedRows.append(
                RejectedRow(
                    error, number: number, line: record.line, fields: fields, key: key, file: file))
        }
    }

    /// All rows, after those that earlier rows exclude have been rejected, too.
    func finish() -> (rows: [ManifestRow], rejectedRows: [RejectedRow]) {
        if purpose == .prediction { return (rows, rejectedRows) }
        var faults = faultsOfRepeatedRows(rows)
        var splitOfGroup: [ExactText: Split] = [:]
        for (index, row) in rows.enumerated() where row.split != nil && faults[index] == nil {
            faults[index] = dividedGroup(row, &splitOfGroup)
        }
        if faults.isEmpty { return (rows, rejectedRows) }
        let rejected = faults.map { RejectedRow($1, row: rows[$0], file: file) }
        return (
            rows.indices.filter { faults[$0] == nil }.map { rows[$0] },
            (rejectedRows + rejected).sorted { $0.number < $1.number }
        )
    }

    private func dividedGroup(
        _ row: ManifestRow, _ splitOfGroup: inout [ExactText: Split]
    ) -> RowFault? {
        guard let group = row.group, let split = row.split else { return nil }
        let first = splitOfGroup[ExactText(group), default: split]
        splitOfGroup[ExactText(group)] = first
        if first == split { return nil }
        return RowFault(
            "divided-group", column: "split",
            "found \(split), but group `\(group)` is in \(first); write one split for all")
    }

    private func clip(of fields: [String]) throws(RowFault) -> Clip {
        let video = fields[layout.video]
        if video.isEmpty {
            throw RowFault("missing-video", column: "video", "no value; write the video's path")
        }
        if video.utf8.contains(0) {
            throw RowFault("invalid-video", column: "video", "a zero byte; write the video's path")
        }
        let start = try seconds(layout.start, "start", fields)
        let end = try seconds(layout.end, "end", fields)
        if let end, end <= start ?? 0 {
            throw RowFault(
                "invalid-window", column: "end",
                "found \(end), which is not after the start \(start ?? 0); "
                    + "write seconds from the first frame")
        }
        return Clip(video: video, start: start, end: end)
    }

    private func seconds(
        _ place: Int?, _ column: String, _ fields: [String]
    ) throws(RowFault) -> Double? {
        guard let place, !fields[place].isEmpty else { return nil }
        guard let value = ColumnLayout.seconds(fields[place]) else {
            throw RowFault(
                "invalid-window", column: column,
                "found `\(fields[place])`; write seconds from the first frame, such as 1.5")
        }
        return value
    }

    private func split(of fields: [String]) throws(RowFault) -> Split? {
        guard let place = layout.split, !fields[place].isEmpty else { return nil }
        guard let split = Split(text: fields[place]) else {
            throw RowFault(
                "invalid-split", column: "split",
                "found `\(fields[place])`; write train, validation or test, or nothing")
        }
        return split
    }
}
