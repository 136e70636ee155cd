import Foundation

/// Keeps other processes out of a directory while one works in it.
///
/// The lock is on the directory itself (`flock`), so nothing is left behind and a process that was
/// killed holds none. Tasks of one array job share it. File systems without locks are trusted.
public final class DirectoryLock: Sendable {
    private let descriptor: Int32

    /// Locks `directory`, alongside other holders if all locks are shared.
    /// - Parameters:
    ///   - directory: Must exist.
    ///   - isShared: Whether others may hold the lock as well, if theirs are shared, too.
    ///   - waits: Whether to wait for other holders.
    /// - Throws: `FileError.busy` if another process holds it and `waits` is not set; `.system` if
    ///   there is no such directory or it cannot be opened.
    public init(directory: String, isShared: Bool, waits: Bool = false) throws(FileError) {
        descriptor = unsafe open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        try check(descriptor, "open", directory)
        let operation = (isShared ? LOCK_SH : LOCK_EX) | (waits ? 0 : LOCK_NB)
        while flock(descriptor, operation) != 0 {
            if errno == EINTR { continue }
            guard errno == EWOULDBLOCK else { return }
            close(descriptor)
            throw .busy(path: directory)
        }
    }

    deinit {
        // A process that is being started holds a copy of the descriptor until it runs its program.
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    /// Whether the directory called `directory` is still the one that was locked.
    public func isOn(_ directory: String) -> Bool {
        var (own, found) = (stat(), stat())
        return unsafe fstat(descriptor, &own) == 0 && stat(directory, &found) == 0
            && own.st_ino == found.st_ino && own.st_dev == found.st_dev
    }
}
