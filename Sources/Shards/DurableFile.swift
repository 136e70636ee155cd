internal import Crypto
import Foundation

/// A file that appears under its name only when it is complete and on disk.
///
/// Bytes go to a temporary sibling; `publish` syncs it, renames it over the name and syncs the
/// directory, so that a crash or power loss at any instant leaves either the old file or the whole
/// new one. A value that is dropped before that removes its temporary.
final class DurableFile {
    let path: String
    private(set) var count = 0
    private var hasher = SHA256()
    private let temporaryPath: String
    private let descriptor: Int32
    private var isPublished = false

    /// What every temporary sibling's name ends in.
    static let temporarySuffix = ".partial"

    /// Stands for this machine in names of temporaries: several may write to one directory.
    static let machine = String(
        sha256Hex([UInt8](ProcessInfo.processInfo.hostName.utf8)).prefix(8))

    init(path: String) throws(ShardError) {
        self.path = path
        temporaryPath = "\(path).\(getpid()).\(Self.machine)\(Self.temporarySuffix)"
        descriptor = unsafe open(temporaryPath, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        try check(descriptor, "create", path)
    }

    deinit {
        close(descriptor)
        if !isPublished { unsafe unlink(temporaryPath) }
    }

    /// Appends `bytes`.
    func write(_ bytes: [UInt8]) throws(ShardError) {
        try writeAll(bytes, to: descriptor, path)
        hasher.update(data: bytes)
        count += bytes.count
    }

    /// sha256 of all bytes so far, in hex.
    var sha256: String { hexadecimal(hasher.finalize()) }

    /// Makes the file appear under its name.
    /// - Throws: `ShardError.system`.
    func publish() throws(ShardError) {
        try check(fsync(descriptor), "sync", path)
        try check(unsafe rename(temporaryPath, path), "publish", path)
        isPublished = true
        try syncDirectory(of: path)
    }
}

/// Makes renames and removals in the directory of `path` last.
private func syncDirectory(of path: String) throws(ShardError) {
    let directory = (path as NSString).deletingLastPathComponent
    let descriptor = unsafe open(directory.isEmpty ? "." : directory, O_RDONLY | O_CLOEXEC)
    try check(descriptor, "open", directory)
    defer { close(descriptor) }
    try check(fsync(descriptor), "sync", directory)
}

/// Removes the file at `path` for good, if there is one.
/// - Throws: `ShardError.system`.
public func removeFile(at path: String) throws(ShardError) {
    if unsafe unlink(path) != 0 {
        if errno == ENOENT { return }
        try check(-1, "remove", path)
    }
    try syncDirectory(of: path)
}

/// Publishes `bytes` under `path`, whole or not at all.
/// - Throws: `ShardError.system`.
public func publishFile(_ bytes: [UInt8], at path: String) throws(ShardError) {
    let file = try DurableFile(path: path)
    try file.write(bytes)
    try file.publish()
}

/// Creates the directory `path` and those above it that are missing.
/// - Throws: `ShardError.system`.
public func makeDirectory(at path: String) throws(ShardError) {
    do {
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true)
    } catch {
        throw .system(
            operation: "create", path: path, code: 0,
            reason: "the directory above it is not writable")
    }
}

/// Appends `bytes` to the file at `path`, which is created if it is missing.
///
/// They are in the file when the call returns, though not yet on disk.
/// - Throws: `ShardError.system`.
public func appendToFile(_ bytes: [UInt8], at path: String) throws(ShardError) {
    let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    try check(descriptor, "open", path)
    defer { close(descriptor) }
    try writeAll(bytes, to: descriptor, path)
}

/// Cuts the file at `path` to at most `count` bytes; a missing one is created.
/// - Throws: `ShardError.system`.
public func truncateFile(at path: String, to count: Int) throws(ShardError) {
    let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
    try check(descriptor, "open", path)
    defer { close(descriptor) }
    if lseek(descriptor, 0, SEEK_END) > off_t(count) {
        try check(ftruncate(descriptor, off_t(count)), "shorten", path)
    }
}

private func writeAll(
    _ bytes: [UInt8], to descriptor: Int32, _ path: String
) throws(ShardError) {
    var done = 0
    while done < bytes.count {
        let written = unsafe bytes.withUnsafeBytes { buffer in
            unsafe Foundation.write(
                descriptor, buffer.baseAddress.map { unsafe $0 + done }, buffer.count - done)
        }
        if written < 0 && errno == EINTR { continue }
        try check(Int32(clamping: written), "write", path)
        done += written
    }
}

/// Makes the directory `temporary`, whose files are on disk, appear as `path`.
/// - Throws: `ShardError.system`, also if there is something at `path`.
public func publishDirectory(_ temporary: String, as path: String) throws(ShardError) {
    try syncDirectory(of: temporary + "/")
    try check(unsafe rename(temporary, path), "publish", path)
    try syncDirectory(of: path)
}

/// Removes temporaries that processes which are no longer running left in `directory`.
public func removeAbandonedTemporaries(in directory: String) {
    for name in (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
    where name.hasSuffix(DurableFile.temporarySuffix) {
        let owner = name.dropLast(DurableFile.temporarySuffix.count).split(separator: ".").suffix(2)
        guard owner.last.map(String.init) == DurableFile.machine,
            let pid = owner.first.flatMap({ Int32($0) }),
            pid > 0
        else { continue }
        if kill(pid, 0) != 0 && errno == ESRCH { unsafe unlink("\(directory)/\(name)") }
    }
}

/// Turns the failure of a system call into an error; the only place that reads `errno` for one.
func check(_ status: Int32, _ operation: String, _ path: String) throws(ShardError) {
    guard status < 0 else { return }
    let code = errno
    let reason = unsafe String(cString: strerror(code))
    let remedy =
        switch code {
        case ENOSPC, EDQUOT: "; free space and give the same command again: what is done is kept"
        case EFBIG: "; raise the limit of file sizes (`ulimit -f`) and give the same command again"
        default: ""
        }
    throw .system(operation: operation, path: path, code: code, reason: reason + remedy)
}

func hexadecimal(_ digest: some Sequence<UInt8>) -> String {
    digest.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
}
