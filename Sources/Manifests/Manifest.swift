import Files
import Recipes

/// A validated manifest: every row of the file is in `rows` or in `rejectedRows`.
public struct Manifest: Sendable {
    /// What a manifest is read for.
    public enum Purpose: Sendable {
        /// To build a dataset: rows need labels and must agree with each other.
        case dataset
        /// To ask a model: labels and splits do not count, and no row excludes another.
        case prediction
    }

    /// The columns that quarantine files add at the end; they are ignored on reading.
    public static let quarantineColumns = ["key", "reason", "stage", "detail", "attempts"]

    /// The header's columns as written, without `quarantineColumns`.
    public let columns: [String]
    /// Rows that can become questions, in the order of the file.
    public let rows: [ManifestRow]
    /// Rows that cannot, in the order of the file.
    public let rejectedRows: [RejectedRow]

    /// The file's or folder's name, which messages that become part of a dataset use.
    public let name: String
    /// The web addresses that the file names, with credentials.
    public let addresses: WebAddresses
    /// The file's content without credentials; of a folder the CSV text that was made of it.
    public let bytes: [UInt8]
    /// Whether the fields in `bytes` are separated by tabs rather than commas.
    public let isTabSeparated: Bool
    private let layout: ColumnLayout
    private let lowercaseColumns: [String]

    /// Number of rows in the file.
    public var count: Int { rows.count + rejectedRows.count }

    /// Reads the CSV or TSV file at `path`, or a folder with one subfolder per class.
    ///
    /// Paths of videos in a folder are relative to it.
    /// - Parameters:
    ///   - path: The file or folder.
    ///   - name: The name to use for it in messages; `nil` means its own.
    ///   - purpose: What it is read for.
    /// - Throws: If the file as a whole cannot be used, `ManifestError.unreadable`, `.empty`,
    ///   `.notUTF8`, `.malformedCSV`, `.missingColumn`, `.duplicateColumn` or `.noRows`, and of a
    ///   folder `.unreadableFolder` or `.noVideos`; the fault of one row only rejects that row.
    public init(
        path: String, name: String? = nil, for purpose: Purpose = .dataset
    ) throws(ManifestError) {
        let isFolder = isDirectory(path)
        let bytes = isFolder ? try folderManifest(of: path).csv() : try readText(path)
        try self.init(
            bytes: bytes, path: isFolder ? path + ".csv" : path,
            name: name ?? lastComponent(of: isFolder ? absolutePath(path) : path), purpose)
    }

    private init(
        bytes: [UInt8], path: String, name: String, _ purpose: Purpose
    ) throws(ManifestError) {
        isTabSeparated = DelimitedFile.isTabSeparated(bytes, path: path)
        let delimiter = UInt8(ascii: isTabSeparated ? "\t" : ",")
        var bytes = bytes
        addresses = WebAddresses(takingCredentialsOutOf: &bytes, delimiter: delimiter)
        var parser = DelimitedParser(bytes: bytes, delimiter: delimiter, path: path)
        guard let header = try parser.next()?.record.fields else { throw .empty(path: path) }
        let width = header.count - Self.numQuarantineColumns(in: header)
        columns = Array(header.prefix(width))
        let names = columns.map { $0.lowercased() }
        for required in purpose == .dataset ? ["video", "label"] : ["video"]
        where !names.contains(required) {
            throw .missingColumn(path: path, column: required, found: header)
        }
        for (index, name) in names.enumerated() where names[..<index].contains(name) {
            throw .duplicateColumn(path: path, column: name)
        }
        guard let layout = ColumnLayout(names: names) else { throw .empty(path: path) }
        var reader = RowReader(
            file: name, headerWidth: header.count,
            records: RecordStore(bytes: bytes, delimiter: delimiter, width: width, layout: layout),
            purpose: purpose)
        while let (record, offset) = try parser.next() { reader.read(record, offset: offset) }
        (rows, rejectedRows) = reader.finish()
        if rows.isEmpty && rejectedRows.isEmpty { throw .noRows(path: path) }
        self.name = name
        self.bytes = bytes
        self.layout = layout
        lowercaseColumns = names
    }

    /// The columns are a quarantine file's own only if all stand at the end; format 1 had no `key`.
    private static func numQuarantineColumns(in header: [String]) -> Int {
        for own in [quarantineColumns, Array(quarantineColumns.dropFirst())]
        where header.count > own.count && Array(header.suffix(own.count)) == own {
            return own.count
        }
        return 0
    }

    /// Lower-case names, in the order of the file, of the columns that have no meaning here and of
    /// `group`.
    public var extraColumns: [String] { layout.extra.map { lowercaseColumns[$0] } }

    /// What `row` has in `extraColumns`, empty fields included.
    public func extra(of row: ManifestRow) -> [String: String] {
        var values: [String: String] = [:]
        if layout.extra.isEmpty { return values }
        let fields = row.fields
        for column in layout.extra { values[lowercaseColumns[column]] = fields[column] }
        return values
    }

    /// The video that `row` names; empty if it names none.
    public func video(of row: RejectedRow) -> String { row.fields[layout.video] }
}
