import Foundation
import Synchronization

/// A file that appears under its name only when it is complete and on disk.
///
/// Bytes go to a temporary sibling; `publish` syncs it, renames it over the name and syncs the
/// directory, so that a crash or power loss at any instant leaves either the old file or the whole
/// new one. A value that is dropped before that removes its temporary.
@safe public final class DurableFile {
    /// Where the file will appear.
    public let path: String
    /// Where its bytes are until then.
    public let temporaryPath: String
    /// Bytes written so far.
    public private(set) var count = 0
    /// Bytes written when the last background sync was started.
    private var syncedCount = 0
    /// Exists from the first background sync on.
    private var sync: BackgroundSync?
    private var checksum = Checksum()
    private let descriptor: Int32
    private var isPublished = false
    private let keepsUnfinished: Bool

    /// What every temporary sibling's name ends in.
    static let temporarySuffix = ".partial"

    /// Identifies this machine in names of temporaries: several may write to one directory.
    static let machine = String(
        sha256Hex([UInt8](ProcessInfo.processInfo.hostName.utf8)).prefix(8))

    /// Names of the temporaries that this process is writing, and how many it has begun.
    private static let open = Mutex<(names: Set<String>, begun: Int)>(([], 0))

    /// Whether this process is writing the temporary called `name`.
    static func isOpen(_ name: String) -> Bool { open.withLock { $0.names.contains(name) } }

    /// Creates the temporary.
    /// - Parameters:
    ///   - path: Where the file will appear.
    ///   - keepsUnfinished: Leave the temporary where it is if the value is dropped unpublished, for
    ///     `abandonedTemporaries` to find.
    /// - Throws: `FileError.cannotCreate`; `.system` if a device, pipe or directory is there.
    public init(path: String, keepsUnfinished: Bool = false) throws(FileError) {
        // A rename would replace the device by the file.
        var status = stat()
        if unsafe lstat(path, &status) == 0, ![S_IFREG, S_IFLNK].contains(status.st_mode & S_IFMT) {
            throw .system(
                operation: "write", path: path, code: 0, reason: "it is not a regular file")
        }
        self.path = path
        self.keepsUnfinished = keepsUnfinished
        let number = Self.open.withLock { open in
            open.begun += 1
            return open.begun
        }
        temporaryPath =
            "\(path).\(getpid())-\(number).\(Self.machine)\(Self.temporarySuffix)"
        let name = lastComponent(of: temporaryPath)
        Self.open.withLock { _ = $0.names.insert(name) }
        descriptor = unsafe Foundation.open(
            temporaryPath, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        if descriptor < 0 { throw .lastCreation(path) }
    }

    deinit {
        try? sync?.finish()
        close(descriptor)
        let name = lastComponent(of: temporaryPath)
        Self.open.withLock { _ = $0.names.remove(name) }
        if !isPublished && !keepsUnfinished { unsafe unlink(temporaryPath) }
    }

    /// Appends `bytes`.
    /// - Throws: `FileError.system`.
    public func write(_ bytes: [UInt8]) throws(FileError) {
        try unsafe bytes.span.withUnsafeBytes { (buffer) throws(FileError) in
            try unsafe write(buffer)
        }
    }

    /// Appends `bytes`.
    /// - Throws: `FileError.system`.
    public func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        try unsafe writeAll(bytes, to: descriptor, path)
        unsafe checksum.update(bytes)
        count += bytes.count
        if count - syncedCount >= Self.syncInterval {
            let sync = sync ?? BackgroundSync(descriptor: descriptor, path: path)
            self.sync = sync
            sync.start()
            syncedCount = count
        }
    }

    /// Number of bytes after which they are brought to disk.
    private static let syncInterval = 8 << 20

    /// sha256 of all bytes so far, in hex.
    public var sha256: String { checksum.hex }

    /// Makes the file appear under its name.
    /// - Throws: `FileError.system`.
    public func publish() throws(FileError) {
        try sync?.finish()
        try check(fsync(descriptor), "sync", path)
        try check(unsafe rename(temporaryPath, path), "publish", path)
        isPublished = true
        try syncDirectory(of: path)
    }
}

/// Publishes `bytes` under `path`, whole or not at all.
/// - Throws: `FileError`.
public func publishFile(_ bytes: [UInt8], at path: String) throws(FileError) {
    let file = try DurableFile(path: path)
    try file.write(bytes)
    try file.publish()
}

/// Appends `bytes` to the file at `path`, which is created if it is missing.
///
/// They are in the file when the call returns, though not yet on disk.
/// - Throws: `FileError.system`.
public func appendToFile(_ bytes: [UInt8], at path: String) throws(FileError) {
    let descriptor = unsafe open(
        path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0o644)
    try check(descriptor, "open", path)
    defer { close(descriptor) }
    try writeAll(bytes, to: descriptor, path)
}

/// Truncates the file at `path` to at most `count` bytes; a missing one is created.
/// - Throws: `FileError.system`.
public func truncateFile(at path: String, to count: Int) throws(FileError) {
    let descriptor = unsafe open(
        path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0o644)
    try check(descriptor, "open", path)
    defer { close(descriptor) }
    if lseek(descriptor, 0, SEEK_END) > off_t(count) {
        try check(ftruncate(descriptor, off_t(count)), "shorten", path)
    }
}

/// Writes all of `bytes` to an open file.
func writeAll(
    _ bytes: [UInt8], to descriptor: Int32, _ path: String
) throws(FileError) {
    try unsafe bytes.span.withUnsafeBytes { (buffer) throws(FileError) in
        try unsafe writeAll(buffer, to: descriptor, path)
    }
}

/// Writes all of `bytes` to an open file.
func writeAll(
    _ bytes: UnsafeRawBufferPointer, to descriptor: Int32, _ path: String
) throws(FileError) {
    var done = 0
    while done < bytes.count {
        let written = unsafe Foundation.write(
            descriptor, bytes.baseAddress.map { unsafe $0 + done },
            min(bytes.count - done, 1 << 26))
        if written < 0 && errno == EINTR { continue }
        try check(Int32(clamping: written), "write", path)
        done += written
    }
}
