import Tensors

/// The order in which an epoch visits the clips: a shuffle that depends on seed and epoch alone.
///
/// Source: Fisher and Yates' shuffle; random numbers by position from `CounterRandom`.
struct BatchSampler: Sendable {
    /// Number of clips.
    let count: Int
    let seed: UInt64

    /// A permutation of 0..<`count` for `epoch`, from 0.
    func order(epoch: Int) -> [Int] {
        let random = CounterRandom(seed: seed, stream: UInt64(epoch))
        var order = Array(0..<count)
        for index in stride(from: count - 1, to: 0, by: -1) {
            order.swapAt(index, Int(random.bits(UInt64(index)) % UInt64(index + 1)))
        }
        return order
    }
}
