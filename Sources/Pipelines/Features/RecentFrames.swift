import Files
import Synchronization

/// The features of frames that were encoded lately, by the frames' content.
///
/// Windows that overlap, clips that are shown again in another order and copies of a video have
/// frames in common, which lie far apart in the order of keys.
final class RecentFrames: Sendable {
    /// Float16 (L, D) of a frame, and how many numbers cannot be stored.
    struct Features: Sendable {
        let halves: [UInt16]
        let numUnstorable: Int
    }

    private struct State {
        var features: [[UInt8]: Features] = [:]
        /// Digests in the order in which they came, of which the first `numForgotten` are gone.
        var order: [[UInt8]] = []
        var numForgotten = 0
        var bytes = 0
    }

    private let state = Mutex(State())
    private let maxBytes: Int

    /// Keeps features of at most `maxBytes` bytes.
    init(maxBytes: Int = 256 << 20) { self.maxBytes = maxBytes }

    /// The features of `frame`, made by `encode` unless they are kept, and whether they were made.
    func features(
        of frame: StoredFrame, encode: () -> Features
    ) -> (features: Features, isNew: Bool) {
        var checksum = Checksum()
        checksum.update(frame.bytes)
        let digest = checksum.bytes
        if let known = state.withLock({ $0.features[digest] }) { return (known, false) }
        let features = encode()
        state.withLock { state in
            guard state.features.updateValue(features, forKey: digest) == nil else { return }
            state.order.append(digest)
            state.bytes += 2 * features.halves.count
            while state.bytes > maxBytes, state.numForgotten < state.order.count {
                let forgotten = state.features.removeValue(
                    forKey: state.order[state.numForgotten])
                state.bytes -= 2 * (forgotten?.halves.count ?? 0)
                state.numForgotten += 1
            }
        }
        return (features, true)
    }
}
