import Files
import Foundation

/// Hands a task the shards that it is to make, portion by portion.
///
/// A task that knows its part gets all of it at once. Others claim shards that nobody has finished:
/// few at a time, so that all tasks end at about the same time.
struct ShardPortions {
    private let names: [String]
    private let partition: TaskPartition
    private let folder: String
    private let lifetimeSeconds: Double
    /// What may be left for this task.
    private var remaining: [Int]
    /// Claims of the portion that is being worked on.
    private var held: [Claim] = []

    /// - Parameters:
    ///   - names: The shards of all tasks.
    ///   - partition: The part of this task.
    ///   - folder: Where claims lie; made if there is none.
    ///   - lifetimeSeconds: When the claim of a task that gives no sign of life is taken over.
    init(
        _ names: [String], of partition: TaskPartition, folder: String,
        lifetimeSeconds: Double = Claim.lifetimeSeconds
    ) {
        self.names = names
        self.partition = partition
        self.folder = folder
        self.lifetimeSeconds = lifetimeSeconds
        remaining = names.indices.filter(partition.owns)
    }

    /// Gives up the claims of the portion before and makes the next one.
    /// - Parameters:
    ///   - stop: Ends the wait for others that may be dead.
    ///   - isFinished: Whether somebody has finished a shard since this task began.
    /// - Returns: Numbers of shards; `nil` if nothing is left to do.
    /// - Throws: `FileError.cannotCreate` or `.system`, and what `isFinished` throws.
    mutating func next(stop: StopSignal, isFinished: (Int) throws -> Bool) throws -> [Int]? {
        guard case .claims(let numTasks) = partition else {
            defer { remaining = [] }
            return remaining.isEmpty ? nil : remaining
        }
        held = []
        try makeDirectory(at: folder)
        let size = max(1, remaining.count / (4 * max(1, numTasks)))
        var wait = Wait()
        while !stop.isRequested {
            let portion = try claim(atMost: size, takesOver: wait.hasBegun, isFinished)
            if !portion.isEmpty { return portion }
            if remaining.isEmpty || wait.isOver(for: remaining.map(path)) { return nil }
            usleep(UInt32(lifetimeSeconds * 1e6 / 120))
        }
        return nil
    }

    /// Claims what is open; what is made is no longer `remaining`.
    private mutating func claim(
        atMost limit: Int, takesOver: Bool, _ isFinished: (Int) throws -> Bool
    ) throws -> [Int] {
        var (claimed, closed): ([Int], Set<Int>) = ([], [])
        for shard in remaining where claimed.count < limit {
            if try isFinished(shard) {
                closed.insert(shard)
                continue
            }
            let claim = try Claim(
                path: path(shard), takesOver: takesOver, lifetimeSeconds: lifetimeSeconds)
            guard let claim else { continue }
            closed.insert(shard)
            // Somebody may have finished it right before.
            if try isFinished(shard) { continue }
            held.append(claim)
            claimed.append(shard)
        }
        remaining.removeAll(where: closed.contains)
        return claimed
    }

    private func path(_ shard: Int) -> String { "\(folder)/\(names[shard])" }

    /// The wait until each of the others has shown that it lives, or is taken over.
    private struct Wait {
        private(set) var hasBegun = false
        private var seen: [String: Int64] = [:]

        /// Whether the holders of all claims have renewed them since the wait began.
        mutating func isOver(for paths: [String]) -> Bool {
            defer { hasBegun = true }
            let times = paths.map { ($0, Claim.renewalTime(at: $0)) }
            guard hasBegun else {
                seen = Dictionary(
                    times.compactMap { path, time in time.map { (path, $0) } },
                    uniquingKeysWith: { first, _ in first })
                return false
            }
            return times.allSatisfy { path, time in
                guard let time, let before = seen[path] else { return false }
                return time > before
            }
        }
    }
}
