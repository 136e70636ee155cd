import Synchronization

/// Where pieces of work that run at once put what they make, each in its place.
final class ParallelResults<Value: Sendable>: Sendable {
    private let results: Mutex<[Result<Value, any Error>?]>

    /// Makes `count` empty places.
    init(count: Int) {
        results = Mutex(Array(repeating: nil, count: count))
    }

    /// Puts what piece `index` made, or why it failed.
    func set(_ index: Int, _ result: Result<Value, any Error>) {
        results.withLock { $0[index] = result }
    }

    /// What was made, in the order of the places, without the empty ones.
    /// - Throws: the first error in that order.
    func get() throws -> [Value] {
        try results.withLock { $0 }.compactMap { try $0?.get() }
    }
}
