import Pipelines
import Recipes
import Shards
import VideoDecoding

/// A stored clip with what is asked about it.
struct StoredClip {
    let key: ClipKey
    let clip: Clip
    let split: Split
    /// Name of the shard that holds it.
    let shard: String
    /// Task and right answer of each different question, as the dataset's description counts them.
    let answers: [[Int]]
    let receipt: ClipReceipt

    /// Clips of `pixels`: those of as many shards, taken from each split in turn, as hold
    /// `count` of them; damaged ones are left out.
    ///
    /// Which shard a clip is in depends on its key alone, so a shard is a random sample.
    /// - Parameters:
    ///   - pixels: A dataset of pixels.
    ///   - count: Clips that are wanted.
    ///   - questions: What is asked about the clips.
    ///   - jobs: Clips that are read at once.
    /// - Returns: The clips in the order of the shards.
    /// - Throws: `CancellationError`.
    static func selection(
        of pixels: Dataset, count: Int, questions: QuestionsFile, jobs: Int
    ) async throws -> [StoredClip] {
        struct Metadata: Decodable { let receipt: ClipReceipt }
        let tasks = Dictionary(
            pixels.description.tasks.enumerated().map { ($1.task, $0) },
            uniquingKeysWith: { first, _ in first })
        let rows = Dictionary(grouping: questions.rows, by: \.key)
        var clips: [StoredClip] = []
        try await forEachInOrder(
            places(in: pixels, count: count), limit: jobs,
            operation: { ($0, try? $0.reader.metadata(Metadata.self, of: $0.sample)) },
            commit: { place, metadata in
                guard let metadata else { return }
                var answers: [[Int]] = []
                for row in rows[place.sample.key] ?? [] {
                    // `QuestionsFile` has checked that the dataset has this task and class.
                    let answer = [tasks[row.task] ?? 0, row.classIndex]
                    if !answers.contains(answer) { answers.append(answer) }
                }
                clips.append(
                    StoredClip(
                        key: place.sample.key, clip: place.sample.origin.clip,
                        split: place.shard.split, shard: place.shard.name, answers: answers,
                        receipt: metadata.receipt))
            })
        return clips
    }

    /// Where a clip is stored.
    private struct Place {
        let shard: DatasetDescription.Shard
        let reader: ShardReader
        let sample: ShardSidecar.Sample
    }

    /// The clips of as many shards of `pixels`, taken from each split in turn, as hold `count` of them.
    private static func places(in pixels: Dataset, count: Int) -> [Place] {
        var number: [Split: Int] = [:]
        let shards = pixels.description.shards.map { shard in
            number[shard.split, default: -1] += 1
            return (shard, number[shard.split, default: 0])
        }
        var places: [Place] = []
        for (shard, _) in shards.sorted(by: { ($0.1, $0.0.split) < ($1.1, $1.0.split) }) {
            guard places.count < count else { break }
            guard
                let reader = try? ShardReader(
                    directory: pixels.shardDirectory, name: shard.name)
            else { continue }
            places += reader.samples.map { Place(shard: shard, reader: reader, sample: $0) }
        }
        return places
    }

    /// Seconds from the first sampled frame to the last; `nil` without timestamps.
    var seconds: Double? {
        let parts = receipt.timeBase.split(separator: "/").compactMap { Double($0) }
        let pts = receipt.pts.compactMap { $0 }
        guard parts.count == 2, parts[1] > 0, let first = pts.min(), let last = pts.max() else {
            return nil
        }
        return Double(last - first) * parts[0] / parts[1]
    }
}
