/// Which part of a job one process does: the shards whose number modulo `count` is `index`.
public struct TaskPartition: Sendable, Equatable {
    public let index: Int
    public let count: Int

    /// All of the job.
    public static let whole = TaskPartition(index: 0, count: 1)

    /// - Returns: `nil` unless 0 ≤ `index` < `count`.
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
