import Dispatch
import Foundation
import Synchronization

/// Brings what was written to a file to disk while more is being written, so that little is left to
/// wait for when the file is published.
///
/// One `fdatasync` runs at a time, on a thread of its own; requests that come meanwhile are dropped,
/// since a later one covers their bytes.
final class BackgroundSync: Sendable {
    private let descriptor: Int32
    private let path: String
    private let queue = DispatchQueue(label: "BackgroundSync")
    private let state = Mutex<(isRunning: Bool, failure: FileError?)>((false, nil))

    /// - Parameters:
    ///   - descriptor: An open file; stays open until `finish` has returned.
    ///   - path: Its name in errors.
    init(descriptor: Int32, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    /// Begins to bring to disk what has been written so far.
    func start() {
        let begins = state.withLock { state in
            defer { state.isRunning = true }
            return !state.isRunning
        }
        guard begins else { return }
        queue.async { [self] in
            let failure: FileError? = fdatasync(descriptor) < 0 ? .last("sync", path) : nil
            state.withLock { state in
                state.isRunning = false
                state.failure = state.failure ?? failure
            }
        }
    }

    /// Waits for what was begun.
    /// - Throws: `FileError.system` if any of it failed: the system reports a lost write only once, so
    ///   a later `fsync` of the file would succeed.
    func finish() throws(FileError) {
        queue.sync {}
        if let failure = state.withLock({ $0.failure }) { throw failure }
    }
}
