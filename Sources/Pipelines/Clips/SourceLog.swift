import Files
import Foundation
import Manifests
import Synchronization
import VideoDecoding

/// A file to which each source that was read adds a line, so that a killed build need not read it
/// again: a JSON array of name, size, nanoseconds since 1970 and sha256; of a web address, of the
/// address and what the server said of the file.
final class SourceLog: Sendable {
    private let path: String
    private let lock = Mutex(())

    init(path: String) { self.path = path }

    func append(_ video: String, _ record: SourceFiles.Record) throws(FileError) {
        let line = try Self.line(video, record)
        try lock.withLock { _ throws(FileError) in
            try appendToFile(Array((line + "\n").utf8), at: path)
        }
    }

    /// The line of one source.
    static func line(_ video: String, _ record: SourceFiles.Record) throws(FileError) -> String {
        func text(_ value: some Encodable) throws(FileError) -> String {
            String(decoding: try canonicalJSON(value, pretty: false).dropLast(), as: UTF8.self)
        }
        switch record {
        case .file(let stamp, let sha256):
            return "[\(try text(video)),\(stamp.size),\(stamp.modified),\"\(sha256)\"]"
        case .remote(let stamp):
            return "[\(try text(video)),\(try text(stamp))]"
        }
    }

    private struct Line: Decodable {
        let video: String
        let record: SourceFiles.Record

        init(from decoder: any Decoder) throws {
            var fields = try decoder.unkeyedContainer()
            video = try fields.decode(String.self)
            if let stamp = try? fields.decode(RemoteStamp.self) {
                record = .remote(stamp)
                return
            }
            let stamp = FileStamp(
                size: try fields.decode(Int.self), modified: try fields.decode(Int64.self))
            record = .file(stamp, sha256: try fields.decode(String.self))
        }
    }

    /// The sources of `lines`; what is not whole is left out.
    static func records(
        of lines: some Sequence<ArraySlice<UInt8>>
    ) -> [ExactText: SourceFiles.Record] {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        var records: [ExactText: SourceFiles.Record] = [:]
        for line in lines {
            guard let found = try? decoder.decode(Line.self, from: Data(line)) else { continue }
            records[ExactText(found.video)] = found.record
        }
        return records
    }
}
