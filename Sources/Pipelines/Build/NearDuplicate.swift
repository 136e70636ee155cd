import Manifests
import Recipes

/// Two clips that look alike though they lie in other splits or have other labels.
///
/// The first leaks the test set into training, the second teaches a contradiction.
struct NearDuplicate: Equatable {
    let first: NearDuplicateClip
    let second: NearDuplicateClip
    /// Mean number of differing bits per frame, out of 64.
    let distance: Double

    /// `near-duplicates.csv`.
    static func file(_ pairs: [NearDuplicate]) -> [UInt8] {
        let sides = ["a", "b"].flatMap { side in
            ["key", "split", "label", "video"].map { "\($0)_\(side)" }
        }
        var lines = [csvRecord(["why", "bits"] + sides)]
        for pair in pairs {
            var why: [String] = []
            if pair.first.split != pair.second.split { why.append("other-split") }
            if pair.first.contradicts(pair.second) { why.append("other-label") }
            lines.append(
                csvRecord(
                    [why.joined(separator: "+"), "\(pair.distance)"]
                        + [pair.first, pair.second].flatMap {
                            ["\($0.key)", $0.split.rawValue, $0.labelText, $0.video]
                        }))
        }
        return Array((lines.joined(separator: "\n") + "\n").utf8)
    }
}

/// A clip as the list of near-duplicates names it.
struct NearDuplicateClip: Equatable {
    let key: ClipKey
    let split: Split
    let video: String
    /// The labels of the clip's questions, by task.
    let labels: [String: Set<String>]

    init(_ position: Int, of build: BuildShards) {
        let planned = build.plan.clips[position]
        key = planned.key
        split = planned.split
        video = planned.clip.video
        var labels: [String: Set<String>] = [:]
        for index in build.plan.rows(of: planned) {
            let row = build.manifest.rows[Int(index)]
            labels[row.task, default: []].insert(row.label)
        }
        self.labels = labels
    }

    /// Whether a task has one answer about this clip and another about `other`.
    func contradicts(_ other: NearDuplicateClip) -> Bool {
        labels.contains { task, labels in other.labels[task].map { $0 != labels } ?? false }
    }

    /// All labels in one line.
    var labelText: String {
        labels.sorted { $0.key < $1.key }.flatMap { $0.value.sorted() }.joined(separator: " | ")
    }
}

/// Finds clips that look alike, in time and memory that are linear in clips whatever they show.
///
/// Clips are compared if a quarter of the hash of their middle frame is the same, which finds every
/// pair that differs in at most three bits there, and most others. Where very many clips share such
/// a quarter, as those of a static camera do, each is compared with a selection of them.
/// Source: Norouzi, Punjani and Fleet, Fast Search in Hamming Space with Multi-Index Hashing
/// (2012).
struct NearDuplicateSearch {
    /// Clips whose frames differ by at most this many bits of 64 on average look alike.
    static let maximumDistance = 3.0
    /// No more pairs than this are listed.
    static let maximumCount = 10_000
    /// Most clips of one bucket that others are compared with: per split and labels, and in total.
    private static let (perKind, perBucket) = (16, 128)

    private var positions: [Int32] = []
    /// T hashes per clip.
    private var frames: [UInt64] = []
    private var numFrames = 0

    /// Adds the clip at `position` of the plan; positions ascend.
    mutating func add(_ hash: String, of position: Int) {
        guard let hash = PerceptualHash(hash), hash.isInformative,
            numFrames == 0 || hash.frames.count == numFrames
        else { return }
        numFrames = hash.frames.count
        positions.append(Int32(position))
        frames += hash.frames
    }

    /// The pairs, in the order of their keys; `describe` names the clip at a position.
    func pairs(_ describe: (Int) -> NearDuplicateClip) -> [NearDuplicate] {
        var buckets: [UInt64: [Int32]] = [:]
        var kinds: [Int32] = []
        var numbers: [String: Int32] = [:]
        var pairs: [NearDuplicate] = []
        for (index, position) in positions.enumerated() {
            let clip = describe(Int(position))
            let name = "\(clip.split) \(clip.labels.keys.sorted()) \(clip.labelText)"
            let kind = numbers[name] ?? Int32(numbers.count)
            numbers[name] = kind
            kinds.append(kind)
            let middle = frames[index * numFrames + numFrames / 2]
            var candidates: Set<Int32> = []
            for band in UInt64(0)..<4 {
                let bucket = (middle >> (16 * band) & 0xFFFF) << 2 | band
                let members = buckets[bucket] ?? []
                for other in members where kinds[Int(other)] != kind { candidates.insert(other) }
                if members.count < Self.perBucket,
                    members.count(where: { kinds[Int($0)] == kind }) < Self.perKind
                {
                    buckets[bucket, default: []].append(Int32(index))
                }
            }
            for other in candidates.sorted() {
                guard let distance = distance(index, Int(other)) else { continue }
                let earlier = describe(Int(positions[Int(other)]))
                guard earlier.split != clip.split || earlier.contradicts(clip) else { continue }
                pairs.append(NearDuplicate(first: earlier, second: clip, distance: distance))
                if pairs.count == Self.maximumCount { break }
            }
            if pairs.count == Self.maximumCount { break }
        }
        return pairs.sorted { ($0.first.key, $0.second.key) < ($1.first.key, $1.second.key) }
    }

    /// The mean number of bits in which two clips differ; `nil` if they do not look alike.
    private func distance(_ a: Int, _ b: Int) -> Double? {
        var bits = 0
        for frame in 0..<numFrames {
            bits += (frames[a * numFrames + frame] ^ frames[b * numFrames + frame]).nonzeroBitCount
        }
        let distance = Double(bits) / Double(numFrames)
        return distance <= Self.maximumDistance ? distance : nil
    }
}
