import Synchronization

/// Collects the results of pieces of work that run in parallel, each at its index.
final class ParallelResults<Value: Sendable>: Sendable {
    private let results: Mutex<[Result<Value, any Error>?]>

    /// Makes `count` empty places.
    init(count: Int) {
        results = Mutex(Array(repeating: nil, count: count))
    }

    /// Stores the result of piece `index`, or why it failed.
    func set(_ index: Int, _ result: Result<Value, any Error>) {
        results.withLock { $0[index] = result }
    }

    /// What was made, in the order of the places, without the empty ones.
    /// - Throws: the first error in that order.
    func get() throws -> [Value] {
        try results.withLock { $0 }.compactMap { try $0?.get() }
    }
}
