import Foundation

/// A file that one process locks, reads and appends whole pieces to.
///
/// Appended bytes are in the file when the call returns, and survive the end of the process. Not
/// thread-safe.
public final class AppendedFile {
    /// The path as given.
    public let path: String
    private let descriptor: Int32
    private var count: Int

    /// Opens the file at `path`, or creates it, and locks it until this value is released.
    /// - Throws: `FileError.busy` if another process holds it, `.cannotCreate`, `.system` if it is
    ///   a device or pipe.
    public init(path: String) throws(FileError) {
        let opened = unsafe open(
            path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0o644)
        if opened < 0 { throw .lastCreation(path) }
        var status = stat()
        let isRegular =
            unsafe fstat(opened, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
        // A file system without locks is trusted.
        let isBusy = isRegular && flock(opened, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK
        if !isRegular || isBusy {
            close(opened)
            if isBusy { throw .busy(path: path) }
            throw .system(
                operation: "write", path: path, code: 0, reason: "it is not a regular file")
        }
        self.path = path
        descriptor = opened
        count = Int(status.st_size)
    }

    deinit { close(descriptor) }

    /// Everything in the file.
    /// - Throws: `FileError.system`.
    public func readAll() throws(FileError) -> [UInt8] {
        let copy = dup(descriptor)
        try check(copy, "read", path)
        return try ReadableFile(adopting: copy, path: path).readAll()
    }

    /// Truncates the file to its first `count` bytes.
    /// - Throws: `FileError.system`.
    public func cut(to count: Int) throws(FileError) {
        try check(ftruncate(descriptor, off_t(count)), "shorten", path)
        self.count = count
    }

    /// Appends `bytes`; if that fails, none of them stays in the file.
    /// - Throws: `FileError.system`.
    public func append(_ bytes: [UInt8]) throws(FileError) {
        do throws(FileError) {
            try writeAll(bytes, to: descriptor, path)
        } catch {
            _ = ftruncate(descriptor, off_t(count))
            throw error
        }
        count += bytes.count
    }

    /// Makes the appended bytes survive a crash of the machine as well (`fsync`).
    /// - Throws: `FileError.system`.
    public func sync() throws(FileError) { try check(fsync(descriptor), "sync", path) }
}
