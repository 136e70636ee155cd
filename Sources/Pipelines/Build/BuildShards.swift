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
    let recipeHash: String

    /// Reads the manifest and divides it into shards.
    /// - Throws: `ManifestError` if the manifest cannot be used, `PipelineError` or `ShardError` if
    ///   the output directory cannot.
    public init(options: BuildShardsOptions) throws {
        self.options = options
        manifest = try Manifest(path: options.manifestPath, name: options.manifestName)
        plan = try DatasetPlan(manifest: manifest, options: options.plan)
        shards = planShards(plan.clips, shardClips: options.shardClips)
        recipeHash = try options.recipe.hash()
        staging = DatasetStaging(
            directory: options.outputDirectory, isAlone: options.partition == .whole)
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

    func makeSources() -> SourceFiles {
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

extension Duration {
    /// The duration in seconds.
    var inSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) * 1e-18
    }
}
