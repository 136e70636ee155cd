public import Recipes

/// One row of a manifest: a question about a clip.
///
/// It knows where its record stands and reads it again when asked for a field, so that a million
/// rows take little more memory than the file. Keep a copy of a field that is needed often.
public struct ManifestRow: Sendable {
    /// The name of the clip's sample.
    public let key: ClipKey
    /// Split that the row names; `nil` leaves it to `DatasetPlan`.
    public let split: Split?
    private let offset: Int
    private let rowNumber: Int32
    private let fileLine: Int32
    private let records: RecordStore

    /// - Precondition: the record at `offset` has been found valid.
    init(
        number: Int, line: Int, offset: Int, key: ClipKey, split: Split?, records: RecordStore
    ) {
        rowNumber = Int32(number)
        fileLine = Int32(clamping: line)
        self.offset = offset
        self.key = key
        self.split = split
        self.records = records
    }

    /// The row's 0-based number in the manifest, header and blank lines not counted.
    public var number: Int { Int(rowNumber) }
    /// The 1-based line of the file on which the row starts.
    public var line: Int { Int(fileLine) }
    /// The fields as they stand in the file, in the order of `Manifest.columns`.
    public var fields: [String] { records.fields(at: offset) }

    /// The window of a video that the row is about.
    public var clip: Clip {
        Clip(video: video, start: seconds(layout.start), end: seconds(layout.end))
    }
    /// Path relative to the manifest or `--root`, or an http(s) URL, as written.
    public var video: String { records.field(layout.video, at: offset) }
    /// The right answer; empty if it was read for prediction and names none.
    public var label: String { text(layout.label) ?? "" }
    /// Name of the set of possible answers; `Question.defaultTask` if the row names none.
    public var task: String { text(layout.task) ?? Question.defaultTask }
    /// The instruction; empty if the row has none.
    public var prompt: String { text(layout.prompt) ?? "" }
    /// Rows of one group share a split; `nil` leaves it to the video.
    public var group: String? { text(layout.group) }
    /// The question's name in metadata; `nil` if the row has none.
    public var id: String? { text(layout.id) }

    private var layout: ColumnLayout { records.layout }

    private func text(_ column: Int?) -> String? {
        guard let column else { return nil }
        let text = records.field(column, at: offset)
        return text.isEmpty ? nil : text
    }

    private func seconds(_ column: Int?) -> Double? {
        text(column).flatMap(ColumnLayout.seconds)
    }
}

/// The text of a manifest, from which rows read their fields.
final class RecordStore: Sendable {
    let layout: ColumnLayout
    private let bytes: [UInt8]
    private let delimiter: UInt8
    private let width: Int

    /// - Parameters:
    ///   - bytes: A whole file that has been read without error.
    ///   - delimiter: What separates fields.
    ///   - width: How many fields of a record are the manifest's own.
    ///   - layout: Where the columns are.
    init(bytes: [UInt8], delimiter: UInt8, width: Int, layout: ColumnLayout) {
        self.bytes = bytes
        self.delimiter = delimiter
        self.width = width
        self.layout = layout
    }

    /// The manifest's own fields of the record at `offset`.
    func fields(at offset: Int) -> [String] {
        var parser = DelimitedParser(
            bytes: bytes, delimiter: delimiter, position: offset, width: width)
        return ofWidth((try? parser.record()) ?? [])
    }

    /// One field of the record at `offset`.
    func field(_ column: Int, at offset: Int) -> String {
        var parser = DelimitedParser(
            bytes: bytes, delimiter: delimiter, position: offset, width: width)
        return (try? parser.field(column)) ?? ""
    }

    /// `fields` without surplus ones, and empty ones in place of missing ones.
    func ofWidth(_ fields: [String]) -> [String] {
        var fields = fields
        if fields.count > width { fields.removeSubrange(width...) }
        while fields.count < width { fields.append("") }
        return fields
    }
}

/// Where in a record the columns are that mean something here.
final class ColumnLayout: Sendable {
    let video: Int
    let label: Int?
    let task: Int?
    let prompt: Int?
    let split: Int?
    let start: Int?
    let end: Int?
    let group: Int?
    let id: Int?
    /// The places of all columns that are kept with the question as they are.
    let extra: [Int]

    /// - Parameter names: The columns in lower case; `nil` if `video` is missing.
    init?(names: [String]) {
        func place(_ name: String) -> Int? { names.firstIndex(of: name) }
        guard let video = place("video") else { return nil }
        self.video = video
        label = place("label")
        (task, prompt, split) = (place("task"), place("prompt"), place("split"))
        (start, end, group, id) = (place("start"), place("end"), place("group"), place("id"))
        let own = ["video", "label", "task", "prompt", "split", "start", "end", "id"]
        extra = names.indices.filter { !own.contains(names[$0]) }
    }

    /// The seconds that `text` states; `nil` if it is not a time.
    static func seconds(_ text: String) -> Double? {
        guard let value = Double(text), value.isFinite, value >= 0 else { return nil }
        // Turns -0 into 0, so that both give the same key.
        return value + 0
    }
}
