/// Which part of a job one process does.
public enum TaskPartition: Sendable, Equatable {
    /// All of the job, alone.
    case whole
    /// The shards whose number modulo `count` is `index`.
    case part(index: Int, count: Int)
    /// Shards that nobody has finished and nobody works on, one after the other, beside about
    /// `numTasks` others.
    case claims(numTasks: Int)

    /// The part of process `index`; `nil` unless 0 ≤ `index` < `count`.
    public init?(checkedIndex index: Int, count: Int) {
        guard index >= 0, index < count else { return nil }
        self = count == 1 ? .whole : .part(index: index, count: count)
    }

    /// The part of those shards that `owns` has admitted.
    var ofOwnShards: TaskPartition { if case .claims = self { self } else { .whole } }

    func owns(_ shard: Int) -> Bool {
        guard case .part(let index, let count) = self else { return true }
        return shard % count == index
    }
}
