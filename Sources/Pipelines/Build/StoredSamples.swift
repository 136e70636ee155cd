import Files
import Recipes
import Shards

/// A sample as it lies in an earlier shard.
struct StoredSample: Sendable {
    let reader: ShardReader
    private let index: Int

    /// Sample number `index` of `reader`.
    init(reader: ShardReader, index: Int) {
        self.reader = reader
        self.index = index
    }

    var entry: ShardSidecar.Sample { reader.samples[index] }
}

/// Samples and quarantined clips of earlier shards that a new shard may take over: published ones,
/// those of a build that was not finished, and those that were set aside.
struct StoredSamples: Sendable {
    /// By what their arrays were made from.
    private var byIdentity: [ContentIdentity: StoredSample] = [:]
    /// Of the published dataset, or of what left it, by key.
    private var byKey: [ClipKey: StoredSample] = [:]
    private var quarantined: [ClipKey: ShardSidecar.QuarantinedClip] = [:]

    /// Finds nothing.
    init() {}

    /// Looks for samples of `recipeHash` with one of the `identities` or `keys`.
    init(
        in staging: DatasetStaging, recipeHash: String, identities: Set<ContentIdentity>,
        keys: Set<ClipKey>
    ) throws(FileError) {
        guard !identities.isEmpty else { return }
        for (directory, name) in try staging.shards() {
            guard let summary = ShardSummary(directory: directory, name: name),
                summary.provenance.recipeHash == recipeHash
            else { continue }
            for clip in summary.quarantined where keys.contains(clip.key) {
                quarantined[clip.key] = clip
            }
            guard summary.bytes > 0,
                let reader = try? ShardReader(directory: directory, name: name)
            else { continue }
            for (index, entry) in reader.samples.enumerated() {
                let sample = StoredSample(reader: reader, index: index)
                let identity = entry.origin.identity
                if identities.contains(identity) { byIdentity[identity] = sample }
                if keys.contains(entry.key), directory != staging.stagedShardDirectory {
                    byKey[entry.key] = sample
                }
            }
        }
        for shard in staging.unfinishedShards(recipeHash: recipeHash) {
            let reader = shard.reader
            for clip in shard.quarantined where keys.contains(clip.key) {
                quarantined[clip.key] = clip
            }
            for (index, entry) in reader.samples.enumerated() {
                let identity = entry.origin.identity
                guard identities.contains(identity), byIdentity[identity] == nil else { continue }
                byIdentity[identity] = StoredSample(reader: reader, index: index)
            }
        }
    }

    /// The sample that was made from the same content.
    func sample(of origin: SampleOrigin) -> StoredSample? { byIdentity[origin.identity] }

    /// The sample that the clip of that name has or had, whatever it was made from.
    func sample(called key: ClipKey) -> StoredSample? { byKey[key] }

    /// Why the clip of that name is not stored, if it was tried.
    func quarantined(_ key: ClipKey) -> ShardSidecar.QuarantinedClip? { quarantined[key] }
}
