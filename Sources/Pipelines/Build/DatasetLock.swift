import Foundation

/// Keeps two builds out of one directory.
///
/// The lock is on the directory itself (`flock`), so nothing is left behind and a build that was
/// killed holds none. Tasks of one array job share it. File systems without locks are trusted.
final class DatasetLock: Sendable {
    private let descriptor: Int32

    /// Takes the lock of `directory`, beside other holders if all are shared.
    /// - Throws: `PipelineError.busy` if another process holds it.
    init(directory: String, isShared: Bool) throws(PipelineError) {
        descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        if flock(descriptor, (isShared ? LOCK_SH : LOCK_EX) | LOCK_NB) != 0, errno == EWOULDBLOCK {
            close(descriptor)
            throw .busy(path: directory)
        }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }
}
