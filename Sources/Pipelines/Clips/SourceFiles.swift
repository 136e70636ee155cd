import Files
import Foundation
import Recipes
import Synchronization

/// Finds the videos of a manifest and knows the content of each, read once and remembered by size
/// and time of modification.
final class SourceFiles: Sendable {
    /// What is known of a video's content.
    struct Record: Sendable, Equatable {
        let stamp: FileStamp
        /// sha256 in hex.
        let sha256: String
    }

    /// Where a video's content stands now.
    enum State: Sendable, Equatable {
        /// The content has this sha256, in hex.
        case content(String)
        /// It is behind a web address, whose content nobody knows beforehand.
        case remote
        /// There is no file that can be read; `known` is what it held when it was read last.
        case absent(known: String?)

        /// sha256 in hex of what is or was there; empty if that is unknown.
        var sha256: String {
            switch self {
            case .content(let hash): hash
            case .remote: ""
            case .absent(let known): known ?? ""
            }
        }
    }

    private let root: String
    private let verifies: Bool
    private let log: SourceLog?
    private let records: Mutex<[String: Record]>
    private let states = Mutex<[String: State]>([:])

    /// - Parameters:
    ///   - root: The folder that relative paths start from.
    ///   - records: What earlier builds have read, by the video's name in the manifest.
    ///   - verifies: Whether to read files again whose size and time are as recorded.
    ///   - log: Keeps what is read, for a build that goes on after this one was killed.
    init(
        root: String, records: [String: Record] = [:], verifies: Bool = false,
        log: SourceLog? = nil
    ) {
        self.root = root
        self.verifies = verifies
        self.log = log
        self.records = Mutex(records)
    }

    /// What to open for the manifest's `video`.
    func path(of video: String) -> String {
        if Clip(video: video).isRemote || video.hasPrefix("/") { return video }
        return root.isEmpty ? video : "\(root)/\(video)"
    }

    /// Finds out what `video` holds, reading it if need be.
    /// - Throws: `FileError.system` if the machine is at fault: a disk that fails, a directory that
    ///   may not be entered, too many open files.
    func state(of video: String) throws(FileError) -> State {
        if Clip(video: video).isRemote { return .remote }
        if let known = states.withLock({ $0[video] }) { return known }
        let state = try read(video)
        states.withLock { $0[video] = state }
        return state
    }

    private func read(_ video: String) throws(FileError) -> State {
        let recorded = records.withLock { $0[video] }
        let path = path(of: video)
        do throws(FileError) {
            // Asked for in any case: it tells a file that may not be read from a directory.
            let stamp = try FileStamp(path: path)
            if !verifies, let recorded, stamp == recorded.stamp {
                return .content(recorded.sha256)
            }
        } catch {
            guard Self.isFaultOfClip(error, whileOpening: false) else { throw error }
            return .absent(known: recorded?.sha256)
        }
        do throws(FileError) {
            let file = try ReadableFile(path: path)
            let record = Record(stamp: file.stamp, sha256: try file.sha256())
            records.withLock { $0[video] = record }
            try log?.append(video, record)
            return .content(record.sha256)
        } catch {
            guard Self.isFaultOfClip(error, whileOpening: true) else { throw error }
            return .absent(known: recorded?.sha256)
        }
    }

    /// Whether one file is missing or refused, rather than the machine being in trouble.
    private static func isFaultOfClip(_ error: FileError, whileOpening: Bool) -> Bool {
        guard case .system(_, _, let code, _) = error else { return false }
        // A directory that may not be entered hides all files in it.
        if code == EACCES { return whileOpening }
        return [0, ENOENT, ENOTDIR, ELOOP, ENAMETOOLONG, EISDIR, ENXIO, EPERM].contains(code)
    }

    /// Finds out about all `videos`, several at once.
    /// - Throws: as `state(of:)`.
    func survey(_ videos: [String], jobs: Int) async throws {
        try await forEachInOrder(
            videos, limit: jobs, operation: { [self] in _ = try state(of: $0) }, commit: { _ in })
    }

    /// What to record of `videos`, in their order; nothing of those that nobody has read.
    func recorded(_ videos: [String]) -> [(video: String, record: Record)] {
        records.withLock { records in
            videos.compactMap { video in records[video].map { (video, $0) } }
        }
    }

    /// Size of the file in bytes; 0 if there is none.
    func size(of video: String) -> Int { (try? FileStamp(path: path(of: video)).size) ?? 0 }
}

/// A file to which each source that was read adds a line, so that a killed build need not read it
/// again: a JSON array of name, size, nanoseconds since 1970 and sha256.
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
        let name = try canonicalJSON(video, pretty: false).dropLast()
        return "[\(String(decoding: name, as: UTF8.self)),\(record.stamp.size),"
            + "\(record.stamp.modified),\"\(record.sha256)\"]"
    }

    private struct Line: Decodable {
        let video: String
        let record: SourceFiles.Record

        init(from decoder: any Decoder) throws {
            var fields = try decoder.unkeyedContainer()
            video = try fields.decode(String.self)
            let stamp = FileStamp(
                size: try fields.decode(Int.self), modified: try fields.decode(Int64.self))
            record = SourceFiles.Record(stamp: stamp, sha256: try fields.decode(String.self))
        }
    }
    /// The sources of `lines`; what is not whole is left out.
    static func records(of lines: some Sequence<ArraySlice<UInt8>>) -> [String: SourceFiles.Record]
    {
        let decoder = JSONDecoder()
        var records: [String: SourceFiles.Record] = [:]
        for line in lines {
            guard let found = try? decoder.decode(Line.self, from: Data(line)) else { continue }
            records[found.video] = found.record
        }
        return records
    }
}
