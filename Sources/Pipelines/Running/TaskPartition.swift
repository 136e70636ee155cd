/// Which part of a job one process does.
///
/// The shards whose number modulo `count` is `index`.
public struct TaskPartition: Sendable, Equatable {
    /// Number of this process, from 0.
    let index: Int
    /// Number of processes.
    let count: Int

    /// All of the job.
    public static let whole = TaskPartition(index: 0, count: 1)

    /// The part of process `index`; `nil` unless 0 ≤ `index` < `count`.
    public init?(checkedIndex index: Int, count: Int) {
        guard index >= 0, index < count else { return nil }
        self.init(index: index, count: count)
    }

    private init(index: Int, count: Int) {
        self.index = index
        self.count = count
    }

    func owns(_ shard: Int) -> Bool { shard % count == index }
}
