import Files
import Recipes
import Shards

/// A sample as it lies in an earlier shard.
struct StoredSample: Sendable {
    let reader: ShardReader
    let entry: ShardSidecar.Sample
}

/// Samples and quarantined clips of earlier shards that a new shard may take over: published ones,
/// those of a build that was not finished, and those that were set aside.
struct StoredSamples: Sendable {
    /// By what their arrays were made from.
    private var byIdentity: [[String]: StoredSample] = [:]
    /// Of the published dataset, by key.
    private var byKey: [ClipKey: StoredSample] = [:]
    private var quarantined: [ClipKey: ShardSidecar.QuarantinedClip] = [:]

    /// Finds nothing.
    init() {}

    /// Looks for samples of `recipeHash` with one of the `identities` or `keys`.
    init(
        in staging: DatasetStaging, recipeHash: String, identities: Set<[String]>,
        keys: Set<ClipKey>
    ) throws(FileError) {
        for (directory, name) in try staging.shards() {
            guard
                let sidecar = try? ShardReader.readSidecar(directory: directory, name: name),
                sidecar.provenance.recipeHash == recipeHash
            else { continue }
            for clip in sidecar.quarantined where keys.contains(clip.key) {
                quarantined[clip.key] = clip
            }
            guard
                sidecar.samples.contains(where: {
                    keys.contains($0.key) || identities.contains($0.origin.identity)
                }), let reader = try? ShardReader(directory: directory, name: name)
            else { continue }
            for entry in sidecar.samples {
                let sample = StoredSample(reader: reader, entry: entry)
                if identities.contains(entry.origin.identity) {
                    byIdentity[entry.origin.identity] = sample
                }
                if keys.contains(entry.key), directory == staging.shardDirectory {
                    byKey[entry.key] = sample
                }
            }
        }
        for reader in staging.unfinishedShards(recipeHash: recipeHash) {
            for entry in reader.samples where identities.contains(entry.origin.identity) {
                if byIdentity[entry.origin.identity] != nil { continue }
                byIdentity[entry.origin.identity] = StoredSample(reader: reader, entry: entry)
            }
        }
    }

    /// The sample that was made from the same content.
    func sample(of origin: SampleOrigin) -> StoredSample? { byIdentity[origin.identity] }

    /// The published sample of that name, whatever it was made from.
    func sample(called key: ClipKey) -> StoredSample? { byKey[key] }

    /// Why the clip of that name is not stored, if it was tried.
    func quarantined(_ key: ClipKey) -> ShardSidecar.QuarantinedClip? { quarantined[key] }
}
