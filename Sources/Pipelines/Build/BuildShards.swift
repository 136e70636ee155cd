import Files
import Foundation
import Manifests
import Recipes
import Shards

/// Manifest to pixel shards: decode, sample, resize, store; nothing is lost, nothing half-written.
///
/// Clips are worked on in parallel and stored in key order by one writer, so the bytes are the same
/// for any number of jobs. A shard whose fingerprint is unchanged is kept; in the others, samples
/// whose source, window and recipe are those of an existing sample are carried over.
/// What is published changes only when all shards are there.
public struct BuildShards {
    let options: BuildShardsOptions
    let manifest: Manifest
    let plan: DatasetPlan
    let shards: [PlannedShard]
    let staging: DatasetStaging
    let recipeHash: String

    /// Reads the manifest and divides it into shards.
    /// - Throws: `ManifestError`, as `Manifest` and `DatasetPlan` throw it;
    ///   `PipelineError.outputInUse`, `ShardError` or `FileError` if the output directory cannot be
    ///   used; `PipelineError.notQuarantined` if a row to try again is not in the manifest.
    public init(options: BuildShardsOptions) throws {
        try self.init(planned: options)
        let recipe = options.recipe
        try staging.prepare(for: .pixels, overwrite: options.overwrite) { existing in
            // Nothing is lost with a dataset that holds nothing.
            let differences =
                existing.numClips == 0 ? [] : differences(existing.clipRecipe, from: recipe)
            return differences.isEmpty
                ? nil : "was built with another recipe (\(differences.joined(separator: ", ")))"
        }
        try requireKnown(options.retriedRows)
    }

    /// Divides the manifest into shards, without touching the output directory.
    /// - Throws: `ManifestError`, as `Manifest` and `DatasetPlan` throw it.
    init(planned options: BuildShardsOptions) throws {
        self.options = options
        manifest = try Manifest(path: options.manifestPath, name: options.manifestName)
        plan = try DatasetPlan(manifest: manifest, options: options.plan)
        shards = planShards(plan.clips, shardClips: options.shardClips)
        recipeHash = try options.recipe.hash()
        staging = DatasetStaging(
            directory: options.outputDirectory, isAlone: options.partition == .whole)
    }

    /// Builds what is missing, then publishes the dataset if every shard is there.
    /// - Returns: The summary, whose counts cover the shards of all tasks that are finished.
    /// - Throws: `PipelineError.interrupted` after a clean stop, `.worker` if none can be started,
    ///   `.otherSettings` or `.outputInUse` if other tasks have other options, `.shardsLost`,
    ///   `.accounting`,
    ///   `.nothingStored` if a dataset that holds clips would be replaced by an empty one;
    ///   `FileError.busy` if another process builds here; `ShardError` and `FileError` of reading
    ///   and writing.
    public func run(
        stop: StopSignal, progress: (StageProgress) -> Void
    ) async throws -> StageSummary {
        let lock = try staging.lock(settings: taskSettings(), overwrite: options.overwrite)
        defer { withExtendedLifetime(lock) {} }
        let start = ContinuousClock.now
        var presence = options.partition == .whole ? nil : try staging.join()
        let isNew = try staging.isEmpty()
        try staging.begin(recipeHash: recipeHash, overwrite: options.overwrite)
        let since = try fileSystemTime(in: staging.folder)
        let sources = makeSources(stop: stop)
        var work = Work()
        var portions = ShardPortions(
            shards.map(\.name), of: options.partition, folder: staging.claimFolder)
        while let portion = try portions.next(
            stop: stop, isFinished: { isFinished(shards[$0], since: since) })
        {
            try await build(
                portion.map { shards[$0] }, sources, isNew: isNew, &work, stop, progress)
        }
        if let signal = stop.signal { throw PipelineError.interrupted(signal: signal) }
        return try finish(
            sources, work, isLast: staging.leave(&presence),
            seconds: (ContinuousClock.now - start).inSeconds)
    }

    /// What this run has done.
    struct Work {
        var counts = ClipCounts()
        var writtenShards = 0
        /// Clips of shards that were kept unchanged.
        fileprivate var keptClips = 0
        fileprivate var totalClips = 0
    }

    /// Builds those of `own` that are missing or out of date.
    private func build(
        _ own: [PlannedShard], _ sources: SourceFiles, isNew: Bool, _ work: inout Work,
        _ stop: StopSignal, _ progress: (StageProgress) -> Void
    ) async throws {
        let (kept, tasks) = try await divide(own, sources, isNew: isNew, jobs: options.jobs)
        work.keptClips += kept.reduce(0) { $0 + $1.clips.count }
        work.totalClips += own.reduce(0) { $0 + $1.clips.count }
        work.counts.keptWithoutSource += try absentClips(of: kept, sources)
        guard !tasks.isEmpty else { return }
        try publishInputs()
        let toDecode = tasks.flatMap(\.steps).count { step in
            if case .decode = step { true } else { false }
        }
        let workers = try ClipWorkers(
            options.recipe, timeoutSeconds: options.timeoutSeconds,
            isolation: options.isolation, count: min(options.jobs, toDecode), hosts: sources.hosts)
        let before = work.counts
        try await ClipShardWriting(
            directory: staging.stagedShardDirectory, recipeHash: recipeHash,
            manifest: manifest, plan: plan, sources: sources, workers: workers,
            jobs: options.jobs
        ).run(tasks, stop: stop) { now in
            work.counts = before + now
            let (counts, kept) = (work.counts, work.keptClips)
            progress(
                StageProgress(
                    done: kept + counts.all, total: work.totalClips,
                    quarantined: counts.quarantined, reused: kept + counts.stored - counts.decoded))
        }
        work.writtenShards += tasks.count
    }

    /// Whether a task has finished `shard` at `time` or later, on the file system's clock.
    private func isFinished(_ shard: PlannedShard, since time: Int64) -> Bool {
        guard let directory = directory(of: shard) else { return false }
        let stamp = try? FileStamp(path: "\(directory)/\(shard.name).json")
        return stamp.map { $0.modified >= time } ?? false
    }

    private func taskSettings() throws -> TaskSettings {
        let division = options.division
        let manifest = options.manifestPath
        return TaskSettings(
            clipRecipe: options.recipe,
            others: [
                "manifest": isDirectory(manifest)
                    ? absolutePath(manifest) : try sha256Hex(ofFile: manifest),
                "split": division.fractions.map { "\($0)" }.joined(separator: ","),
                "seed": "\(division.seed)", "shard_clips": "\(division.shardClips)",
                "classes": try options.plan.classesPath.map { try sha256Hex(ofFile: $0) } ?? "",
            ])
    }

    func makeSources(stop: StopSignal? = nil) -> SourceFiles {
        let published = try? BuildReport.read(options.outputDirectory).sources
        let log = "\(staging.folder)/sources-\(DatasetStaging.processName).jsonl"
        let logged = staging.sourceLogs().flatMap { $0.split(separator: UInt8(ascii: "\n")) }
        let records = (published ?? [:]).merging(SourceLog.records(of: logged)) { $1 }
        return SourceFiles(
            root: options.root, timeoutSeconds: options.timeoutSeconds,
            verifies: options.verifiesSources, addresses: manifest.addresses, records: records,
            scratchFolder: staging.folder, log: SourceLog(path: log), stop: stop)
    }

    /// Checks that the manifest has `rows`.
    /// - Throws: `PipelineError.notQuarantined` for the first that it lacks.
    private func requireKnown(_ rows: [[String]]) throws(PipelineError) {
        guard !rows.isEmpty else { return }
        let known = Set(manifest.rows.map(\.fields)).union(manifest.rejectedRows.map(\.fields))
        if let index = rows.firstIndex(where: { !known.contains($0) }) {
            throw .notQuarantined(line: index + 2, manifest: manifest.name)
        }
    }
}

extension Duration {
    /// The duration in seconds.
    var inSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) * 1e-18
    }
}
