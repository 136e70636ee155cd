import Files
import Foundation
import Manifests
import Recipes
import Synchronization
import VideoDecoding

/// A video that is open, as workers are given it.
struct OpenVideo: Sendable {
    /// The file's path, or the address, with credentials if the manifest names some.
    let path: String
    /// The video, or an empty file to fetch it into.
    let file: ReadableFile
    /// sha256 of the content in hex; empty for addresses.
    let sha256: String

    var isRemote: Bool { Clip(video: path).isRemote }

    /// Whether the content may by now differ from the one that `sha256` was computed from.
    var hasChanged: Bool { !isRemote && file.hasChanged }
}

/// Finds the videos of a manifest and knows the content of each, read once and remembered by size
/// and time of modification.
final class SourceFiles: Sendable {
    /// What is known of a video's content.
    enum Record: Sendable, Equatable {
        /// A file with a sha256 in hex.
        case file(FileStamp, sha256: String)
        /// A file behind a web address.
        case remote(RemoteStamp)
    }

    /// The present state of a video's content.
    enum State: Sendable, Equatable {
        /// The content has this sha256, in hex.
        case content(String)
        /// It is behind a web address, whose content nobody knows beforehand; `hasChanged` if the
        /// server says that it is not what was fetched last.
        case remote(hasChanged: Bool)
        /// There is no file that can be read, for the reason given; `known` is what it held when it
        /// was read last.
        case absent(known: String?, ClipFault)

        /// Whether there is no file that can be read.
        var isAbsent: Bool {
            if case .absent = self { true } else { false }
        }

        /// sha256 in hex of what is or was there; empty if that is unknown.
        var sha256: String {
            switch self {
            case .content(let hash): hash
            case .remote: ""
            case .absent(let known, _): known ?? ""
            }
        }
    }

    /// What was found out in this run, and of which file in which state.
    private struct Finding {
        let state: State
        var file: FileState?
    }

    private let root: String
    private let addresses: WebAddresses
    private let scratchFolder: String
    private let timeoutSeconds: Double
    private let verifies: Bool
    private let stop: StopSignal?
    private let log: SourceLog?
    // By the video's name in the manifest. To a file system, composed and decomposed spellings are
    // different names.
    private let records: Mutex<[ExactText: Record]>
    private let findings = Mutex<[ExactText: Finding]>([:])

    /// - Parameters:
    ///   - root: Where relative paths begin; empty for the working directory.
    ///   - timeoutSeconds: Time limit of reading one file.
    ///   - verifies: Whether to read files again whose size and time are as recorded.
    ///   - addresses: Hosts and credentials of the manifest's web addresses.
    ///   - records: What earlier builds have read, by the video's name in the manifest.
    ///   - scratchFolder: Where videos behind web addresses are fetched to.
    ///   - log: Keeps what is read, for a build that goes on after this one was killed.
    ///   - stop: Ends the reading of long files.
    init(
        root: String, timeoutSeconds: Double, verifies: Bool = false, addresses: WebAddresses,
        records: [ExactText: Record] = [:],
        scratchFolder: String = NSTemporaryDirectory(), log: SourceLog? = nil,
        stop: StopSignal? = nil
    ) {
        self.root = root
        self.timeoutSeconds = timeoutSeconds
        self.verifies = verifies
        self.addresses = addresses
        self.scratchFolder = scratchFolder
        self.log = log
        self.stop = stop
        self.records = Mutex(records)
    }

    /// Hosts of the videos that are behind web addresses.
    var hosts: Set<String> { addresses.hosts }

    /// What to open for the manifest's `video`.
    private func path(of video: String) -> String {
        if Clip(video: video).isRemote { return addresses.withCredentials(video) }
        if video.hasPrefix("/") { return video }
        return root.isEmpty ? video : "\(root)/\(video)"
    }

    /// Finds out what `video` holds, reading it if need be.
    /// - Throws: `FileError.system` if the machine is at fault: a disk that fails, a directory that
    ///   may not be entered, too many open files; `PipelineError.interrupted`.
    func state(of video: String) throws -> State {
        if let known = findings.withLock({ $0[ExactText(video)]?.state }) { return known }
        if Clip(video: video).isRemote { return .remote(hasChanged: false) }
        if case .file(let stamp, let sha256)? = recorded(video), !verifies,
            (try? FileStamp(path: path(of: video))) == stamp
        {
            return note(.content(sha256), of: video)
        }
        switch try openFile(video) {
        case .failure(let fault): return note(absent(video, fault), of: video)
        case .success(let file): return try read(video, file)
        }
    }

    /// Opens `video`, and reads it first if its content is not known.
    ///
    /// The same open file is read for the hash and then given to a decoder, and the state in which
    /// it was read is remembered, so that no other content is taken for it later.
    /// - Parameters:
    ///   - video: The video's name in the manifest.
    ///   - needsHash: Whether to read it if its content is not known.
    /// - Returns: The open video, or why there is none.
    /// - Throws: as `state(of:)`.
    func open(_ video: String, needsHash: Bool = true) throws -> Result<OpenVideo, ClipFault> {
        let path = path(of: video)
        if Clip(video: video).isRemote {
            let scratch = try makeUnnamedFile(in: scratchFolder)
            return .success(
                OpenVideo(
                    path: path, file: try ReadableFile(adopting: scratch, path: path), sha256: ""))
        }
        let file: ReadableFile
        switch try openFile(video) {
        case .failure(let fault):
            _ = note(absent(video, fault), of: video)
            return .failure(fault)
        case .success(let opened): file = opened
        }
        guard needsHash else { return .success(OpenVideo(path: path, file: file, sha256: "")) }
        var state: State?
        if let known = findings.withLock({ $0[ExactText(video)] }), case .content = known.state {
            let isSame =
                known.file.map { $0 == file.state }
                ?? (recorded(video)?.stamp == file.stamp)
            if isSame { state = note(known.state, of: video, file.state) }
        }
        switch try state ?? read(video, file) {
        case .absent(_, let fault): return .failure(fault)
        case let state:
            return .success(OpenVideo(path: path, file: file, sha256: state.sha256))
        }
    }

    /// Forgets what `video` held: it has changed.
    func forget(_ video: String) {
        findings.withLock { _ = $0.removeValue(forKey: ExactText(video)) }
        records.withLock { _ = $0.removeValue(forKey: ExactText(video)) }
    }

    /// Remembers what a server said of `video` when it was fetched.
    func note(_ stamp: RemoteStamp, of video: String) throws(FileError) {
        let record = Record.remote(stamp)
        guard recorded(video) != record else { return }
        records.withLock { $0[ExactText(video)] = record }
        try log?.append(video, record)
    }

    /// Remembers whether `stamp`, which the server gives now, is of another file than was fetched.
    func noteRemote(_ video: String, stamp: RemoteStamp) {
        guard case .remote(let known)? = recorded(video) else { return }
        _ = note(.remote(hasChanged: !known.agrees(with: stamp)), of: video)
    }

    /// Those of `videos` that are behind web addresses and were fetched before.
    func fetchedBefore(_ videos: [String]) -> [String] {
        videos.filter { video in
            if case .remote? = recorded(video) { true } else { false }
        }
    }

    private func recorded(_ video: String) -> Record? {
        records.withLock { $0[ExactText(video)] }
    }

    private func note(_ state: State, of video: String, _ file: FileState? = nil) -> State {
        findings.withLock { $0[ExactText(video)] = Finding(state: state, file: file) }
        return state
    }

    private func absent(_ video: String, _ fault: ClipFault) -> State {
        .absent(known: recorded(video)?.sha256, fault)
    }

    /// Reads the open `file` of `video`, unless it is the one that an earlier build has read.
    private func read(_ video: String, _ file: ReadableFile) throws -> State {
        if case .file(let stamp, let sha256)? = recorded(video), !verifies, stamp == file.stamp {
            return note(.content(sha256), of: video, file.state)
        }
        let deadline = Deadline(seconds: timeoutSeconds)
        do {
            let hash = try file.sha256 { stop?.isRequested != true && !deadline.hasPassed }
            if let signal = stop?.signal { throw PipelineError.interrupted(signal: signal) }
            try deadline.check(.open)
            guard let sha256 = hash, !file.hasChanged else {
                return note(absent(video, .sourceChanged), of: video)
            }
            let record = Record.file(file.stamp, sha256: sha256)
            records.withLock { $0[ExactText(video)] = record }
            try log?.append(video, record)
            return note(.content(sha256), of: video, file.state)
        } catch let error as DecodeError {
            return note(absent(video, ClipFault(error)), of: video)
        } catch let error as FileError {
            // It became shorter.
            guard Self.isFaultOfClip(error, whileOpening: true) else { throw error }
            return note(absent(video, .sourceChanged), of: video)
        }
    }

    /// Opens the file of `video`, or says what is wrong with it.
    private func openFile(_ video: String) throws(FileError) -> Result<ReadableFile, ClipFault> {
        let path = path(of: video)
        do throws(FileError) {
            // Only `stat` tells a directory that may not be entered from such a file.
            _ = try FileStamp(path: path)
        } catch {
            guard Self.isFaultOfClip(error, whileOpening: false) else { throw error }
            return .failure(Self.fault(ofOpening: path))
        }
        do throws(FileError) {
            return .success(try ReadableFile(path: path))
        } catch {
            guard Self.isFaultOfClip(error, whileOpening: true) else { throw error }
            return .failure(Self.fault(ofOpening: path))
        }
    }

    private static func fault(ofOpening path: String) -> ClipFault {
        do {
            _ = try openVideo(path)
            return .sourceChanged
        } catch {
            return ClipFault(error)
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
            videos.compactMap { video in records[ExactText(video)].map { (video, $0) } }
        }
    }

    /// Size of the file in bytes; 0 if there is none.
    func size(of video: String) -> Int { (try? FileStamp(path: path(of: video)).size) ?? 0 }
}

extension SourceFiles.Record {
    fileprivate var stamp: FileStamp? {
        if case .file(let stamp, _) = self { stamp } else { nil }
    }

    fileprivate var sha256: String? {
        if case .file(_, let sha256) = self { sha256 } else { nil }
    }
}
