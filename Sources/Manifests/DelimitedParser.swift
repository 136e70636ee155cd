/// Parses the records of a CSV or TSV text, one after the other.
struct DelimitedParser {
    private let bytes: [UInt8]
    private let delimiter: UInt8
    private let path: String
    /// Where the next record starts.
    private(set) var position: Int
    private var line = 1
    /// Number of fields of the last record, to reserve room for the next.
    private var width = 0
    private var texts: RecurringTexts?
    private var unquoted: [UInt8] = []

    private static let quote = UInt8(ascii: "\"")
    private static let lineFeed = UInt8(ascii: "\n")
    private static let carriageReturn = UInt8(ascii: "\r")

    /// Reads from the beginning; errors say that the text is from `path`.
    init(bytes: [UInt8], delimiter: UInt8, path: String) {
        self.bytes = bytes
        self.delimiter = delimiter
        self.path = path
        position = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        texts = RecurringTexts()
    }

    /// Reads the record at `position` of a text that has been read without error.
    init(bytes: [UInt8], delimiter: UInt8, position: Int, width: Int) {
        self.bytes = bytes
        self.delimiter = delimiter
        path = ""
        self.position = position
        self.width = width
    }

    /// The next record with any text and where it starts, or `nil` at the end.
    /// - Throws: `ManifestError.notUTF8` or `.malformedCSV`.
    mutating func next() throws(ManifestError) -> (record: DelimitedFile.Record, offset: Int)? {
        while position < bytes.count {
            let (start, offset) = (line, position)
            let fields = try record()
            if fields.contains(where: Self.hasText) {
                return (DelimitedFile.Record(line: start, fields: fields), offset)
            }
        }
        return nil
    }

    private static func hasText(_ field: String) -> Bool {
        field.utf8.contains { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }
    }

    /// The record at `position`, even if it has no text.
    mutating func record() throws(ManifestError) -> [String] {
        var fields: [String] = []
        fields.reserveCapacity(width)
        while true {
            fields.append(try nextField())
            guard position < bytes.count, bytes[position] == delimiter else { break }
            position += 1
        }
        passLineEnd()
        width = fields.count
        return fields
    }

    /// The field with this number of the record at `position`; empty if the record ends before.
    mutating func field(_ number: Int) throws(ManifestError) -> String {
        for _ in 0..<number {
            skipField()
            guard position < bytes.count, bytes[position] == delimiter else { return "" }
            position += 1
        }
        return try nextField()
    }

    private mutating func skipField() {
        var isInside = false
        while position < bytes.count, isInside || !endsField(bytes[position]) {
            // The second of two doubled quotes reopens what the first one closed.
            if bytes[position] == Self.quote { isInside.toggle() }
            position += 1
        }
    }

    private mutating func nextField() throws(ManifestError) -> String {
        let isQuoted = position < bytes.count && bytes[position] == Self.quote
        return isQuoted ? try quotedField() : try plainField()
    }

    private mutating func plainField() throws(ManifestError) -> String {
        let start = position
        while position < bytes.count, !endsField(bytes[position]) {
            if bytes[position] == Self.quote {
                throw malformed(
                    line, "a quote is not allowed inside an unquoted field")
            }
            position += 1
        }
        return try text(bytes[start..<position])
    }

    private mutating func quotedField() throws(ManifestError) -> String {
        let first = line
        position += 1
        unquoted.removeAll(keepingCapacity: true)
        while true {
            guard position < bytes.count else {
                throw malformed(first, "a quoted field never ends")
            }
            let byte = bytes[position]
            if byte == Self.quote {
                position += 1
                guard position < bytes.count, bytes[position] == Self.quote else { break }
            } else if byte == Self.lineFeed
                || byte == Self.carriageReturn && !isAt(position + 1, Self.lineFeed)
            {
                line += 1
            }
            unquoted.append(byte)
            position += 1
        }
        guard position == bytes.count || endsField(bytes[position]) else {
            throw malformed(line, "text stands after the closing quote of a field")
        }
        return try text(unquoted[...])
    }

    private func endsField(_ byte: UInt8) -> Bool {
        byte == delimiter || byte == Self.lineFeed || byte == Self.carriageReturn
    }

    private func isAt(_ position: Int, _ byte: UInt8) -> Bool {
        position < bytes.count && bytes[position] == byte
    }

    private mutating func passLineEnd() {
        guard position < bytes.count else { return }
        let isPair = bytes[position] == Self.carriageReturn && isAt(position + 1, Self.lineFeed)
        position += isPair ? 2 : 1
        line += 1
    }

    private mutating func text(_ field: ArraySlice<UInt8>) throws(ManifestError) -> String {
        if let text = texts?.text(field) ?? String(validating: field, as: UTF8.self) { return text }
        throw .notUTF8(path: path, line: Self.lineOfInvalidUTF8(bytes))
    }

    private func malformed(_ line: Int, _ reason: String) -> ManifestError {
        .malformedCSV(path: path, line: line, reason: reason)
    }

    private static func lineOfInvalidUTF8(_ bytes: [UInt8]) -> Int {
        let lines = bytes.split(separator: lineFeed, omittingEmptySubsequences: false)
        let index = lines.firstIndex { String(validating: $0, as: UTF8.self) == nil }
        return (index ?? lines.startIndex) + 1
    }
}

/// Keeps recurring texts, such as prompts and labels, in memory only once.
private struct RecurringTexts {
    private var slots = [String](repeating: "", count: 4096)

    /// `bytes` as text; `nil` if they are not UTF-8.
    mutating func text(_ bytes: ArraySlice<UInt8>) -> String? {
        // Shorter texts need no memory beside the string itself.
        guard bytes.count > 15 else { return String(validating: bytes, as: UTF8.self) }
        // FNV-1a; its leading bits choose the slot.
        let hash = bytes.reduce(0xCBF2_9CE4_8422_2325 as UInt64) {
            ($0 ^ UInt64($1)) &* 0x100_0000_01B3
        }
        let slot = Int(hash >> 52)
        let kept = slots[slot].utf8
        if kept.count == bytes.count, kept.elementsEqual(bytes) { return slots[slot] }
        guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
        slots[slot] = text
        return text
    }
}
