import Manifests
import Shards

/// Two clips that look alike though they lie in other splits or have other labels.
///
/// The first leaks the test set into training, the second teaches a contradiction.
struct NearDuplicate: Equatable {
    /// A clip as the report names it.
    struct Clip: Equatable {
        let key: String
        let split: String
        /// The class index.
        let label: Int
        let video: String
    }

    let first: Clip
    let second: Clip
    /// Mean number of differing bits of 64 a frame.
    let distance: Double

    /// Clips whose frames differ by at most this many bits of 64 on average look alike.
    static let maximumDistance = 3.0
    /// No more pairs than this are listed.
    static let maximumCount = 10_000
}

extension NearDuplicate {
    /// The pairs among the samples of a dataset, in the order of their keys.
    ///
    /// Clips are compared if a quarter of the hash of their middle frame is the same, which finds
    /// every pair that differs in at most three bits there, and most others.
    static func find(_ sidecars: [(shard: PlannedShard, sidecar: ShardSidecar)]) -> [NearDuplicate]
    {
        var clips: [(clip: Clip, hash: PerceptualHash)] = []
        for (shard, sidecar) in sidecars {
            let planned = Dictionary(shard.clips.map { ($0.row.key, $0) }) { first, _ in first }
            for sample in sidecar.samples {
                guard let hash = PerceptualHash(sample.perceptualHash), hash.isInformative,
                    let clip = planned[sample.key]
                else { continue }
                let found = Clip(
                    key: sample.key, split: shard.split.rawValue, label: clip.classIndex,
                    video: clip.row.video)
                clips.append((found, hash))
            }
        }
        var buckets: [UInt64: [Int]] = [:]
        for (index, entry) in clips.enumerated() {
            let middle = entry.hash.frames[entry.hash.frames.count / 2]
            for band in 0..<4 {
                let part = middle >> UInt64(16 * band) & 0xFFFF
                buckets[part << 2 | UInt64(band), default: []].append(index)
            }
        }
        var seen: Set<[Int]> = []
        var pairs: [NearDuplicate] = []
        for members in buckets.values {
            for (position, first) in members.enumerated() {
                for second in members[(position + 1)...] {
                    let (a, b) = (clips[first], clips[second])
                    guard a.clip.split != b.clip.split || a.clip.label != b.clip.label,
                        let distance = a.hash.distance(to: b.hash), distance <= maximumDistance,
                        seen.insert([first, second]).inserted
                    else { continue }
                    let isOrdered = a.clip.key < b.clip.key
                    pairs.append(
                        NearDuplicate(
                            first: isOrdered ? a.clip : b.clip, second: isOrdered ? b.clip : a.clip,
                            distance: distance))
                }
            }
        }
        pairs.sort { ($0.first.key, $0.second.key) < ($1.first.key, $1.second.key) }
        return Array(pairs.prefix(maximumCount))
    }

    /// `near-duplicates.csv`.
    static func file(_ pairs: [NearDuplicate]) -> [UInt8] {
        var lines = [
            csvRecord([
                "why", "bits", "key_a", "split_a", "class_a", "video_a", "key_b", "split_b",
                "class_b",
                "video_b",
            ])
        ]
        for pair in pairs {
            var why: [String] = []
            if pair.first.split != pair.second.split { why.append("other-split") }
            if pair.first.label != pair.second.label { why.append("other-label") }
            lines.append(
                csvRecord(
                    [why.joined(separator: "+"), "\(pair.distance)"]
                        + [pair.first, pair.second].flatMap {
                            [$0.key, $0.split, "\($0.label)", $0.video]
                        }))
        }
        return Array((lines.joined(separator: "\n") + "\n").utf8)
    }
}
