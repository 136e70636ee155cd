import CWorker
import Foundation
import Synchronization

/// Decode workers that are copies of this process from before it had read or started anything.
///
/// A program that is started instead has 150 libraries to load, 0.1 s of processor time each.
public enum EarlyWorkers {
    /// A worker that waits for its setup.
    struct Worker {
        let process: ChildProcess
        /// This side's end of the socket.
        let descriptor: Int32
    }

    private static let waiting = Mutex<[Worker]>([])

    /// Starts up to `count` workers for later, fewer where a copy cannot be made any more; to be
    /// called first of all.
    public static func start(_ count: Int) {
        for _ in 0..<count {
            guard let sockets = try? WorkerChannel.socketPair() else { return }
            let identifier = vb_fork_worker(sockets.worker, CommandLine.unsafeArgv)
            if identifier == 0 { DecodeWorker.run() }
            close(sockets.worker)
            guard identifier > 0 else {
                close(sockets.run)
                return
            }
            waiting.withLock {
                $0.append(
                    Worker(process: ChildProcess(adopting: identifier), descriptor: sockets.run))
            }
        }
    }

    /// One of the workers, for good; `nil` if there is none left.
    static func take() -> Worker? { waiting.withLock { $0.popLast() } }
}
