import Files
import Foundation
import Manifests
import Recipes
import Shards

/// Manifest to pixel shards: decode, sample, resize, store; nothing is lost, nothing half-written.
///
/// Clips are worked on in parallel and stored in key order by one writer, so the bytes are the same
/// for any number of jobs. A shard whose fingerprint is unchanged is kept; of the others every
/// sample is taken over whose source, window and recipe are those of a sample that exists.
/// What is published changes only when all shards are there.
public struct BuildShards {
    let options: BuildShardsOptions
    let manifest: Manifest
    let plan: DatasetPlan
    let shards: [PlannedShard]
    let staging: DatasetStaging
    private let recipeHash: String

    /// Reads the manifest and divides it into shards.
    /// - Throws: `ManifestError` if the manifest cannot be used, `PipelineError` or `ShardError` if
    ///   the output directory cannot.
    public init(options: BuildShardsOptions) throws {
        self.options = options
        manifest = try Manifest(path: options.manifestPath, name: options.manifestName)
        plan = try DatasetPlan(manifest: manifest, options: options.plan)
        shards = planShards(plan.clips, shardClips: options.shardClips)
        recipeHash = try options.recipe.hash()
        staging = DatasetStaging(directory: options.outputDirectory)
        let recipe = options.recipe
        try staging.prepare(for: .pixels, overwrite: options.overwrite) { existing in
            let differences = differences(existing.clipRecipe, from: recipe)
            return differences.isEmpty
                ? nil : "was built with another recipe (\(differences.joined(separator: ", ")))"
        }
        try requireKnown(options.retriedRows)
    }

    /// Builds what is missing, then publishes the dataset if every shard is there.
    /// - Returns: the summary, whose counts cover the shards of all tasks that are finished.
    /// - Throws: `PipelineError.interrupted` after a clean stop, `.worker` if none can be started,
    ///   `FileError.busy` if another process builds here, and what reading and writing throw.
    public func run(
        stop: StopSignal, progress: (StageProgress) -> Void
    ) async throws -> StageSummary {
        let lock = try DirectoryLock(
            directory: options.outputDirectory, isShared: options.partition != .whole)
        defer { withExtendedLifetime(lock) {} }
        let start = ContinuousClock.now
        let isNew = try staging.isEmpty()
        try staging.begin(recipeHash: recipeHash)
        let sources = makeSources()
        let own = shards.enumerated().filter { options.partition.owns($0.offset) }.map(\.element)
        let (kept, tasks) = try await divide(own, sources, isNew: isNew, jobs: options.jobs)
        let keptClips = kept.reduce(0) { $0 + $1.clips.count }
        let total = keptClips + tasks.reduce(0) { $0 + $1.shard.clips.count }
        var counts = ClipCounts()
        if !tasks.isEmpty {
            try publishInputs()
            let toDecode = tasks.flatMap(\.steps).count { step in
                if case .decode = step { true } else { false }
            }
            let workers = try ClipWorkers(
                options.recipe, timeoutSeconds: options.timeoutSeconds,
                isolation: options.isolation, count: min(options.jobs, toDecode))
            try await ClipShardWriting(
                directory: staging.stagedShardDirectory, recipeHash: recipeHash,
                manifest: manifest, plan: plan, sources: sources, workers: workers,
                jobs: options.jobs
            ).run(tasks, stop: stop) { now in
                counts = now
                progress(
                    StageProgress(
                        done: keptClips + now.all, total: total, quarantined: now.quarantined,
                        reused: keptClips + now.stored - now.decoded))
            }
        }
        if let signal = stop.signal { throw PipelineError.interrupted(signal: signal) }
        counts.keptWithoutSource += try absentClips(of: kept, sources)
        return try finish(
            sources, counts: counts, writtenShards: tasks.count,
            seconds: (ContinuousClock.now - start).inSeconds)
    }

    private func makeSources() -> SourceFiles {
        let published = try? BuildReport.read(options.outputDirectory).sources
        let log = "\(staging.folder)/sources-\(DatasetStaging.processName).jsonl"
        let logged = staging.sourceLogs().flatMap { $0.split(separator: UInt8(ascii: "\n")) }
        let records = (published ?? [:]).merging(SourceLog.records(of: logged)) { $1 }
        return SourceFiles(
            root: options.root, records: records, verifies: options.verifiesSources,
            log: SourceLog(path: log))
    }

    /// - Throws: `PipelineError.notQuarantined` for the first of `rows` that the manifest lacks.
    private func requireKnown(_ rows: [[String]]) throws(PipelineError) {
        guard !rows.isEmpty else { return }
        let known = Set(manifest.rows.map(\.fields)).union(manifest.rejectedRows.map(\.fields))
        if let index = rows.firstIndex(where: { !known.contains($0) }) {
            throw .notQuarantined(line: index + 2, manifest: manifest.name)
        }
    }
}

// MARK: - What has to be done

extension BuildShards {
    /// Divides shards into those that are kept and those to be written.
    private func divide(
        _ own: [PlannedShard], _ sources: SourceFiles, isNew: Bool, jobs: Int
    ) async throws -> (kept: [PlannedShard], tasks: [ClipShardTask]) {
        if let restoration = options.restoration {
            return try restoration.divide(own, in: self)
        }
        guard !isNew else {
            let nothing = StoredSamples()
            return ([], own.map { task(for: $0, sources: nil, stored: nothing, retried: []) })
        }
        var seen: Set<String> = []
        let videos = own.flatMap(\.clips).map { plan.clips[Int($0)].clip.video }
            .filter { seen.insert($0).inserted }
        try await sources.survey(videos, jobs: jobs)
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

    /// Whether nothing in a shard of unchanged bytes is to be tried again or dropped.
    private func isSettled(
        _ shard: PlannedShard, in directory: String, _ sources: SourceFiles,
        retried: Set<ClipKey>
    ) throws -> Bool {
        if options.prunes, try absentClips(of: [shard], sources) > 0 { return false }
        let quarantined = ShardSummary(directory: directory, name: shard.name)?.quarantined
        return quarantined?.allSatisfy {
            !ClipFault.retriedReasons.contains($0.reason) && !retried.contains($0.key)
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
        } else if let origin = try? origin(of: planned, sources),
            let sample = stored.sample(of: origin)
        {
            return .carry(sample, sourceSha256: origin.sourceSha256)
        }
        guard let clip = stored.quarantined(planned.key) else {
            return .decode(previousAttempts: 0, fallback: own)
        }
        if retried.contains(planned.key) {
            return .decode(previousAttempts: clip.attempts, fallback: own)
        }
        let isSame = clip.sourceSha256 == state.sha256 && state != .remote
        if isSame, !state.sha256.isEmpty, !ClipFault.retriedReasons.contains(clip.reason) {
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
    private func absentClips(of shards: [PlannedShard], _ sources: SourceFiles) throws -> Int {
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

// MARK: - Publication

extension BuildShards {
    /// What others need to finish the dataset, in place before the first shard.
    private func publishInputs() throws {
        try staging.stage(manifest.bytes, as: ShardFormat.manifestName)
        try report.publish(in: staging.folder)
    }

    var report: BuildReport {
        BuildReport(
            source: absolutePath(options.originalManifest ?? options.manifestPath),
            root: absolutePath(options.root), clipRecipe: options.recipe,
            division: options.division, tasks: plan.answerSets)
    }

    /// Publishes the dataset from shards that other runs have built.
    /// - Throws: `PipelineError.unfinished` if shards are missing.
    public func finalize() throws -> StageSummary {
        let publication = DatasetPublication(self)
        guard publication.missing.isEmpty else {
            throw PipelineError.unfinished(
                path: options.outputDirectory, missing: publication.missing)
        }
        return try finish(makeSources(), counts: ClipCounts(), writtenShards: 0, seconds: 0)
    }

    /// Publishes the dataset, or only sums up if other tasks still build their shards.
    private func finish(
        _ sources: SourceFiles, counts: ClipCounts, writtenShards: Int, seconds: Double
    ) throws -> StageSummary {
        // Two tasks may both be the last; one publishes after the other, the same.
        let lock = try DirectoryLock(
            directory: staging.shardDirectory, isShared: false, waits: true)
        defer { withExtendedLifetime(lock) {} }
        var publication = DatasetPublication(self)
        try publication.read()
        var summary = StageSummary(
            accounting: publication.accounting, clips: counts.decoded, seconds: seconds,
            bytes: publication.entries.reduce(0) { $0 + $1.bytes })
        summary.clips = publication.numClips
        summary.questions = publication.accounting.stored
        summary.decoded = counts.decoded
        summary.writtenShards = writtenShards
        summary.carried = max(0, publication.numClips - counts.decoded)
        summary.keptWithoutSource = counts.keptWithoutSource
        summary.keptAfterFailure = counts.keptAfterFailure > 0 ? counts.keptAfterFailure : nil
        summary.straddlingGroups = plan.straddling.isEmpty ? nil : plan.straddling.count
        guard publication.missing.isEmpty else { return summary }
        let pairs = publication.nearDuplicates
        summary.nearDuplicates = pairs.isEmpty ? nil : pairs.count
        if options.prunes {
            try staging.removed.prune()
        } else {
            let count = try publication.keepRemovedSamples()
            summary.keptAside = count > 0 ? count : nil
        }
        var report = report
        report.summary = summary
        var seen: Set<String> = []
        let videos = plan.clips.map(\.clip.video).filter { seen.insert($0).inserted }
        try report.publish(in: staging.folder, sources: sources.recorded(videos))
        try publication.publish(nearDuplicates: pairs)
        return summary
    }
}

extension Duration {
    /// The duration in seconds.
    var inSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) * 1e-18
    }
}
