import Files
import Manifests
import Recipes
import Shards

/// Which parts of a damaged pixel dataset are made again; good samples of bad shards are copied.
struct ClipRestoration: Sendable {
    /// What the dataset says of itself; `nil` if that is damaged, too.
    let description: DatasetDescription?
    let problems: [VerificationProblem]

    /// Divides `shards` of `build` into those that are as they were published and those to be
    /// written again, to the same bytes.
    func divide(
        _ shards: [PlannedShard], in build: BuildShards
    ) throws -> (kept: [PlannedShard], tasks: [ClipShardTask]) {
        var (kept, tasks): ([PlannedShard], [ClipShardTask]) = ([], [])
        for shard in shards {
            let path = "\(ShardFormat.shardFolder)/\(shard.name)"
            let own = problems.filter { $0.path == path + ".tar" || $0.path == path + ".json" }
            let sidecar = try? ShardReader.readSidecar(
                directory: build.staging.shardDirectory, name: shard.name)
            if let sidecar, own.isEmpty,
                description != nil || isIntact(shard, sidecar, in: build)
            {
                kept.append(shard)
                continue
            }
            let isTrusted = !own.contains { $0.part == .sidecar } && description != nil
            tasks.append(
                task(
                    for: shard, sidecar: isTrusted ? sidecar : nil,
                    badKeys: Set(own.compactMap(\.key)), in: build))
        }
        return (kept, tasks)
    }

    /// Without a description to go by: whether shard and sidecar agree with each other.
    private func isIntact(
        _ shard: PlannedShard, _ sidecar: ShardSidecar, in build: BuildShards
    ) -> Bool {
        guard let directory = build.directory(of: shard) else { return false }
        return sidecar.samples.isEmpty
            || (try? sha256Hex(ofFile: "\(directory)/\(shard.name).tar")) == sidecar.sha256
    }

    /// What has to be made again of a damaged shard; `sidecar` is `nil` if it cannot be trusted.
    private func task(
        for shard: PlannedShard, sidecar: ShardSidecar?, badKeys: Set<String>,
        in build: BuildShards
    ) -> ClipShardTask {
        let tar = "\(build.staging.shardDirectory)/\(shard.name).tar"
        let published = description?.shards.first { $0.name == shard.name }
        let reader: ShardReader?
        if let sidecar {
            reader = try? ShardReader(path: tar, samples: sidecar.samples)
        } else {
            let hash = try? sha256Hex(ofFile: tar)
            reader =
                hash != nil && hash == published?.sha256
                ? try? ShardReader(scanning: tar, describe: ClipMetadata.describe) : nil
        }
        let samples = Dictionary(
            (reader?.samples ?? []).enumerated().map { ($1.key, $0) },
            uniquingKeysWith: { first, _ in first })
        let others = Dictionary(
            (sidecar?.quarantined ?? []).map { ($0.key, $0) },
            uniquingKeysWith: { first, _ in first })
        let steps = shard.clips.map { position -> ClipShardTask.Step in
            let key = build.plan.clips[Int(position)].key
            if let reader, let index = samples[key], !badKeys.contains("\(key)") {
                let sample = StoredSample(reader: reader, index: index)
                return .carry(sample, sourceSha256: sample.entry.origin.sourceSha256)
            }
            if let clip = others[key] { return .leave(clip) }
            return .decode(previousAttempts: 0, fallback: nil)
        }
        var task = ClipShardTask(shard: shard, steps: steps)
        // A shard without clips has no tar.
        if description != nil { task.expectedHash = published?.sha256 ?? "" }
        return task
    }
}
