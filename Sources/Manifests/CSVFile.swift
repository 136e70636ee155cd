import Foundation
import SwiftCSV

/// The header and records of a CSV file, with the line on which each record starts.
///
/// RFC 4180, UTF-8; a byte order mark and CRLF are accepted.
struct CSVFile {
    struct Record {
        /// 1-based line of the file on which the record starts.
        let line: Int
        let fields: [String]
    }

    let header: [String]
    let records: [Record]
    /// The file as it is.
    let bytes: [UInt8]

    /// Reads the file at `path`; lines without any text are no records.
    init(path: String) throws(ManifestError) {
        let bytes: [UInt8]
        do {
            bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
        } catch {
            throw .unreadable(path: path, reason: Self.reason(of: error, path: path))
        }
        try self.init(bytes: bytes, path: path)
    }

    init(bytes: [UInt8], path: String) throws(ManifestError) {
        self.bytes = bytes
        let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let content = bytes.starts(with: byteOrderMark) ? bytes.dropFirst(3) : bytes[...]
        guard let text = String(validating: content, as: UTF8.self) else {
            throw .notUTF8(path: path, line: Self.lineOfInvalidUTF8(content))
        }
        guard text.contains(where: { !$0.isWhitespace }) else { throw .empty(path: path) }
        let records = try Self.records(of: text, path: path)
        guard let header = records.first else { throw .empty(path: path) }
        self.header = header.fields
        self.records = Array(records.dropFirst())
    }

    private static func records(of text: String, path: String) throws(ManifestError) -> [Record] {
        let progress = Progress()
        do {
            // The final newline keeps SwiftCSV from dropping an empty last field.
            let csv = try EnumeratedCSV(
                string: text + "\n", delimiter: .comma, loadColumns: false, rowLimit: 0)
            try csv.enumerateAsArray(startAt: 0, rowLimit: nil) { progress.append($0) }
        } catch {
            let reason =
                if case CSVParseError.quotation(let message) = error {
                    "a quote stands where none may be (\(message))"
                } else {
                    "the record cannot be parsed"
                }
            throw .malformedCSV(path: path, line: progress.nextLine, reason: reason)
        }
        guard text.count(where: { $0 == "\"" }).isMultiple(of: 2) else {
            let line = progress.records.last?.line ?? 1
            throw .malformedCSV(path: path, line: line, reason: "a quoted field never ends")
        }
        return progress.records
    }

    /// The records parsed so far; a class because SwiftCSV's callback escapes.
    private final class Progress {
        var records: [Record] = []
        var nextLine = 1

        func append(_ fields: [String]) {
            if fields.contains(where: { !$0.isEmpty }) {
                records.append(Record(line: nextLine, fields: fields))
            }
            nextLine += 1 + fields.reduce(0) { $0 + $1.count(where: \.isNewline) }
        }
    }

    private static func lineOfInvalidUTF8(_ bytes: ArraySlice<UInt8>) -> Int {
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let index = lines.firstIndex { String(validating: $0, as: UTF8.self) == nil }
        return (index ?? lines.startIndex) + 1
    }

    private static func reason(of error: any Error, path: String) -> String {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
            return "there is no such file"
        }
        return isDirectory.boolValue ? "it is a directory" : "permission denied or input error"
    }
}

/// CSV text of one record, without the line end.
///
/// Fields that need quotes get them (RFC 4180, section 2).
public func csvRecord(_ fields: [String]) -> String {
    fields.map { field in
        let needsQuotes =
            field.contains { $0 == "," || $0 == "\"" || $0.isNewline }
            || field.first?.isWhitespace == true || field.last?.isWhitespace == true
        return needsQuotes ? "\"" + field.replacing("\"", with: "\"\"") + "\"" : field
    }.joined(separator: ",")
}
