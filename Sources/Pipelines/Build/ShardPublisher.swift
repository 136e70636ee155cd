import Dispatch
import Shards
import Synchronization

/// Publishes finished shards in the background, one after the other, while the next ones are
/// written: publishing waits for the disk.
final class ShardPublisher: Sendable {
    private let queue = DispatchQueue(label: "shard publication")
    private let failure = Mutex<(any Error)?>(nil)

    /// Finishes `writer` in the background; the caller may not use it any more.
    /// - Throws: What went wrong with an earlier shard.
    func publish(
        _ writer: ShardWriter, provenance: ShardSidecar.Provenance, expectedHash: String?
    ) throws {
        try throwFailure()
        // Guard: the caller has given the writer away.
        nonisolated(unsafe) let writer = writer
        queue.async { [self] in
            do {
                _ = try writer.finish(provenance: provenance, expectedHash: expectedHash)
            } catch {
                failure.withLock { $0 = $0 ?? error }
            }
        }
    }

    /// Waits for all shards.
    func wait() { queue.sync {} }

    /// Fails if a shard could not be published.
    /// - Throws: What went wrong with the first of them.
    func throwFailure() throws {
        if let error = failure.withLock({ $0 }) { throw error }
    }
}
