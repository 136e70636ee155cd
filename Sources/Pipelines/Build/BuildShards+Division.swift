import Files
import Manifests
import Recipes
import Shards
import VideoDecoding

// Which shards of a dataset are kept, and what is done with each clip of the others.
extension BuildShards {
    /// Divides shards into those that are kept and those to be written.
    func divide(
        _ own: [PlannedShard], _ sources: SourceFiles, isNew: Bool, jobs: Int
    ) async throws -> (kept: [PlannedShard], tasks: [ClipShardTask]) {
        if let restoration = options.restoration {
            return try restoration.divide(own, in: self)
        }
        guard !isNew else {
            let nothing = StoredSamples()
            return ([], own.map { task(for: $0, sources: nil, stored: nothing, retried: []) })
        }
        let videos = distinctByBytes(
            own.flatMap(\.clips).map { plan.clips[Int($0)].clip.video })
        try await sources.survey(videos, jobs: jobs)
        try await askServers(of: sources.fetchedBefore(videos), sources)
        let retried = retriedKeys()
        var (kept, changed): ([PlannedShard], [PlannedShard]) = ([], [])
        for shard in own {
            let provenance = plan.provenance(
                of: shard, manifest: manifest, recipeHash: recipeHash,
                sources: try shard.clips.map {
                    try sources.state(of: plan.clips[Int($0)].clip.video).sha256
                })
            let directory = staging.directory(ofShard: shard.name) {
                $0.fingerprint == provenance.fingerprint
            }
            if let directory, try isSettled(shard, in: directory, sources, retried: retried) {
                kept.append(shard)
            } else {
                changed.append(shard)
            }
        }
        let clips = changed.flatMap(\.clips).map { plan.clips[Int($0)] }
        let stored = try StoredSamples(
            in: staging, recipeHash: recipeHash,
            identities: Set(try clips.map { try origin(of: $0, sources).identity }),
            keys: Set(clips.map(\.key)))
        let tasks = changed.map {
            task(for: $0, sources: sources, stored: stored, retried: retried)
        }
        return (kept, tasks)
    }

    /// Asks servers whether `videos`, which were fetched before, are still the same.
    ///
    /// A server that does not answer leaves the clip as it is.
    private func askServers(of videos: [String], _ sources: SourceFiles) async throws {
        guard !videos.isEmpty else { return }
        let workers = try ClipWorkers(
            options.recipe, timeoutSeconds: options.timeoutSeconds, isolation: options.isolation,
            count: min(options.jobs, videos.count), hosts: sources.hosts)
        try await forEachInOrder(
            videos, limit: ClipWorkers.inFlight(options.isolation, workers: options.jobs),
            operation: { video in
                guard case .success(let open) = try sources.open(video),
                    case .success(let stamp) = try await workers.stamp(open)
                else { return }
                sources.noteRemote(video, stamp: stamp)
            }, commit: { _ in })
    }

    /// Whether no clip of a shard with unchanged bytes is to be tried again or dropped.
    private func isSettled(
        _ shard: PlannedShard, in directory: String, _ sources: SourceFiles,
        retried: Set<ClipKey>
    ) throws -> Bool {
        if options.prunes, try absentClips(of: [shard], sources) > 0 { return false }
        let quarantined = ShardSummary(directory: directory, name: shard.name)?.quarantined
        let present = Set(
            try shard.clips.map { plan.clips[Int($0)] }
                .filter { try !sources.state(of: $0.clip.video).isAbsent }.map(\.key))
        let remoteClips = shard.clips.map { plan.clips[Int($0)] }.filter(\.clip.isRemote)
        if try remoteClips.contains(where: {
            try sources.state(of: $0.clip.video) == .remote(hasChanged: true)
        }) {
            return false
        }
        // A server may answer this time.
        let remote = Set(remoteClips.map(\.key))
        return quarantined?.allSatisfy {
            !ClipFault.isRetried($0.reason) && !retried.contains($0.key)
                && !remote.contains($0.key) && !($0.isMissing && present.contains($0.key))
        } ?? false
    }

    private func origin(
        of planned: DatasetPlan.PlannedClip, _ sources: SourceFiles?
    ) throws -> SampleOrigin {
        SampleOrigin(
            clip: planned.clip,
            sourceSha256: try sources?.state(of: planned.clip.video).sha256 ?? "")
    }

    private func task(
        for shard: PlannedShard, sources: SourceFiles?, stored: StoredSamples,
        retried: Set<ClipKey>
    ) -> ClipShardTask {
        let steps = shard.clips.map { position in
            step(
                for: plan.clips[Int(position)], sources: sources, stored: stored,
                retried: retried)
        }
        return ClipShardTask(shard: shard, steps: steps)
    }

    private func step(
        for planned: DatasetPlan.PlannedClip, sources: SourceFiles?, stored: StoredSamples,
        retried: Set<ClipKey>
    ) -> ClipShardTask.Step {
        guard let state = try? sources?.state(of: planned.clip.video) else {
            return .decode(previousAttempts: 0, fallback: nil)
        }
        var own = stored.sample(called: planned.key)
        if case .absent = state {
            if options.prunes { own = nil }
            if let own { return .keep(own) }
            // Its content may be known under another name, or from before.
            if !options.prunes, !state.sha256.isEmpty,
                let origin = try? origin(of: planned, sources),
                let sample = stored.sample(of: origin)
            {
                return .keep(sample)
            }
        } else if state != .remote(hasChanged: true),
            let origin = try? origin(of: planned, sources), let sample = stored.sample(of: origin)
        {
            return .carry(sample, sourceSha256: origin.sourceSha256)
        }
        guard let clip = stored.quarantined(planned.key) else {
            return .decode(previousAttempts: 0, fallback: own)
        }
        if retried.contains(planned.key) {
            return .decode(previousAttempts: clip.attempts, fallback: own)
        }
        let isSame = clip.sourceSha256 == state.sha256
        let isBack = clip.isMissing && !state.isAbsent
        if isSame, !state.sha256.isEmpty, !ClipFault.isRetried(clip.reason), !isBack {
            return .leave(clip)
        }
        return .decode(previousAttempts: 0, fallback: own)
    }

    private func retriedKeys() -> Set<ClipKey> {
        guard !options.retriedRows.isEmpty else { return [] }
        let rows = Set(options.retriedRows)
        return Set(manifest.rows.filter { rows.contains($0.fields) }.map(\.key))
    }

    /// How many stored clips of `shards` have a source that is gone or unreadable now.
    func absentClips(of shards: [PlannedShard], _ sources: SourceFiles) throws -> Int {
        if options.restoration != nil { return 0 }
        var count = 0
        for shard in shards {
            let absent = try shard.clips.map { plan.clips[Int($0)] }.filter { planned in
                if case .absent = try sources.state(of: planned.clip.video) { true } else { false }
            }
            guard !absent.isEmpty, let directory = directory(of: shard) else { continue }
            let sidecar = try ShardReader.readSidecar(directory: directory, name: shard.name)
            let stored = Set(sidecar.samples.map(\.key))
            count += absent.count { stored.contains($0.key) }
        }
        return count
    }

    /// Where the finished shard of these rows is, whichever task has made it.
    func directory(of shard: PlannedShard) -> String? {
        let planHash = plan.provenance(
            of: shard, manifest: manifest, recipeHash: recipeHash, sources: []
        ).planHash
        return staging.directory(ofShard: shard.name) { $0.planHash == planHash }
    }
}

extension ShardSidecar.QuarantinedClip {
    /// Whether there was no video, whose content may be known from before.
    fileprivate var isMissing: Bool { reason == DecodeError.missing.reason }
}
