import Manifests
import Recipes
import Shards

/// The clips that one shard is made of, in key order.
struct PlannedShard: Sendable {
    let name: String
    let split: Split
    /// Positions in the plan's clips.
    let clips: [Int32]
}

/// Divides clips, which come in key order, into shards by their split and the leading bits of their
/// keys alone.
///
/// A split has the smallest power of two of shards whose mean size is at most `shardClips`. Shards
/// that would be empty are left out.
func planShards(
    _ clips: [DatasetPlan.PlannedClip], shardClips: Int
) -> [PlannedShard] {
    Split.allCases.flatMap { split in
        let members = clips.indices.filter { clips[$0].split == split }
        var numBits: UInt64 = 0
        while members.count > shardClips << Int(numBits) { numBits += 1 }
        var shards: [PlannedShard] = []
        var rest = members[...]
        while let first = rest.first {
            let number = clips[first].key.leadingBits(numBits)
            let own = rest.prefix { clips[$0].key.leadingBits(numBits) == number }
            rest = rest.dropFirst(own.count)
            shards.append(
                PlannedShard(
                    name: ShardFormat.shardName(split: split.rawValue, index: Int(number)),
                    split: split, clips: own.map(Int32.init)))
        }
        return shards
    }
}

extension ClipKey {
    fileprivate func leadingBits(_ count: UInt64) -> UInt64 {
        count == 0 ? 0 : bits >> (64 - count)
    }
}
