import Files

/// The header and records of a CSV or TSV file, with the line on which each record starts.
///
/// RFC 4180 over bytes, UTF-8; a byte order mark, CRLF and lone CR are accepted. Quoted fields may
/// hold delimiters, doubled quotes and line ends; blanks at the ends of a field belong to it.
/// Records of nothing but blanks are skipped.
public struct DelimitedFile: Sendable {
    /// One record.
    public struct Record: Sendable {
        /// 1-based line of the file on which the record starts.
        public let line: Int
        /// The record's fields, of which there may be more or fewer than in the header.
        public let fields: [String]
    }

    /// The fields of the first record.
    public let header: [String]
    /// The other records.
    public let records: [Record]
    /// The bytes of the whole file.
    public let bytes: [UInt8]
    /// Whether the fields are separated by tabs rather than commas.
    public let isTabSeparated: Bool

    /// Reads the file at `path`.
    ///
    /// Tabs separate its fields if its name ends in `.tsv` or if its first line has tabs and no
    /// comma.
    /// - Throws: `ManifestError.unreadable`, `.empty`, `.notUTF8` or `.malformedCSV`.
    public init(path: String) throws(ManifestError) {
        try self.init(bytes: readText(path), path: path)
    }

    /// Reads `bytes` as the content of a file at `path`.
    /// - Throws: `ManifestError.empty`, `.notUTF8` or `.malformedCSV`.
    public init(bytes: [UInt8], path: String) throws(ManifestError) {
        self.bytes = bytes
        isTabSeparated = Self.isTabSeparated(bytes, path: path)
        var parser = DelimitedParser(
            bytes: bytes, delimiter: UInt8(ascii: isTabSeparated ? "\t" : ","), path: path)
        guard let header = try parser.next()?.record else { throw .empty(path: path) }
        self.header = header.fields
        var records: [Record] = []
        while let record = try parser.next()?.record { records.append(record) }
        self.records = records
    }

    /// Whether tabs separate the fields of a file with this name and content.
    static func isTabSeparated(_ bytes: [UInt8], path: String) -> Bool {
        if path.lowercased().hasSuffix(".tsv") { return true }
        let isLineEnd = { (byte: UInt8) in byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
        }
        let line = bytes.drop(while: isLineEnd).prefix { !isLineEnd($0) }
        return line.contains(UInt8(ascii: "\t")) && !line.contains(UInt8(ascii: ","))
    }
}

/// The bytes of the file at `path`.
/// - Throws: `ManifestError.unreadable`.
func readText(_ path: String) throws(ManifestError) -> [UInt8] {
    do throws(FileError) {
        return try readFile(path)
    } catch {
        throw .unreadable(path: path, reason: ManifestError.reason(of: error))
    }
}
