import Foundation
import Manifests
import Models
import Shards

/// Manifest to pixel shards: decode, sample, resize, store; nothing is lost, nothing half-written.
///
/// Clips are worked on in parallel and stored in manifest order by one writer, so the bytes are the
/// same for any number of jobs. A shard that is complete and unchanged is kept, and so are the
/// unchanged samples of one that is not. `dataset.json` is removed before the first shard changes
/// and written last.
public struct BuildShards {
    private let options: BuildShardsOptions
    private let manifest: Manifest
    private let plan: ShardPlan
    private let sources: SourceFiles
    private let output: DatasetOutput

    /// Reads the manifest and divides it into shards.
    /// - Throws: `ManifestError` if the manifest cannot be used, `PipelineError` or `ShardError` if
    ///   the output directory cannot.
    public init(options: BuildShardsOptions) throws {
        self.options = options
        manifest = try Manifest(path: options.manifestPath, name: options.manifestName)
        plan = try ShardPlan(manifest: manifest, options: options)
        try plan.requireKnown(options.retriedRows, manifest: manifest)
        sources = SourceFiles(root: options.root)
        output = DatasetOutput(directory: options.outputDirectory)
        try output.prepare(
            for: .pixels, overwrite: options.overwrite,
            unless: { $0.settings != options.settings ? "was built with other settings" : nil })
    }

    /// Builds what is missing, then publishes the dataset if every shard is there.
    /// - Returns: the summary, whose counts cover the shards of all tasks that are finished.
    /// - Throws: `PipelineError.interrupted` after a clean stop, `.busy` if another process builds
    ///   here, and what writing throws.
    public func run(
        stop: StopSignal, progress: (StageProgress) -> Void
    ) async throws -> StageSummary {
        let lock = try DatasetLock(
            directory: options.outputDirectory, isShared: options.partition != .whole)
        defer { withExtendedLifetime(lock) {} }
        let clock = ContinuousClock()
        let start = clock.now
        var (sidecars, tasks) = try await inspectShards(stop: stop)
        let clips = tasks.flatMap(\.shard.clips).count
        let reused = plan.shards.filter { sidecars[$0.name] != nil }.flatMap(\.clips).count
        if !tasks.isEmpty {
            try output.removeDescription()
            try publishInputs()
            var done = reused
            var quarantined = plan.rejectedRows.count
            let workers = try ClipWorkers(
                options.clipMaker, isolation: options.isolation, count: min(options.jobs, clips))
            try await ShardAssembly(
                directory: output.shardDirectory, settings: options.settings, sources: sources,
                workers: workers, jobs: options.jobs
            ).run(
                tasks, stop: stop, finished: { sidecars[$0] = $1 },
                progress: { isStored in
                    done += 1
                    if !isStored { quarantined += 1 }
                    progress(
                        StageProgress(
                            done: done, total: reused + clips, quarantined: quarantined,
                            reused: reused))
                })
        }
        if let signal = stop.signal { throw PipelineError.interrupted(signal: signal) }
        return try finish(
            own: sidecars, clips: clips, seconds: (clock.now - start).inSeconds)
    }

    /// Publishes the dataset from shards that other runs have built.
    /// - Throws: `PipelineError.unfinished` if shards are missing.
    public func finalize() throws -> StageSummary {
        let summary = try finish(own: [:], clips: 0, seconds: 0)
        let missing = plan.shards.filter { completedSidecar(of: $0) == nil }.map(\.name)
        guard missing.isEmpty else {
            throw PipelineError.unfinished(path: options.outputDirectory, missing: missing)
        }
        return summary
    }

    /// Divides this task's shards into those that are kept and those to be written.
    private func inspectShards(
        stop: StopSignal
    ) async throws -> (kept: [String: ShardSidecar], tasks: [ShardTask]) {
        let own = plan.shards.enumerated()
            .filter { options.partition.owns($0.offset) }.map(\.element)
        var kept: [String: ShardSidecar] = [:]
        var tasks: [ShardTask] = []
        let existing = own.filter { output.hasSidecar($0.name) }
        await sources.hash(existing.flatMap { $0.clips.map(\.row.video) }, jobs: options.jobs)
        for shard in own {
            guard !stop.isRequested else { break }
            let sidecar = try? ShardReader.readSidecar(
                directory: output.shardDirectory, name: shard.name)
            guard let sidecar, sidecar.settingsHash == (try settingsHash()) else {
                tasks.append(ShardTask(shard: shard))
                continue
            }
            let reader = try? ShardReader(directory: output.shardDirectory, name: shard.name)
            let retried = retriedKeys(of: shard)
            let isWhole = sidecar.samples.isEmpty || reader != nil
            if isWhole, retried.isEmpty, try sidecar.fingerprint == fingerprint(of: shard) {
                kept[shard.name] = sidecar
            } else {
                tasks.append(task(for: shard, sidecar: sidecar, reader: reader, retried: retried))
            }
        }
        return (kept, tasks)
    }

    /// Carries what is unchanged in an earlier version of the shard.
    private func task(
        for shard: PlannedShard, sidecar: ShardSidecar, reader: ShardReader?, retried: Set<String>
    ) -> ShardTask {
        var task = ShardTask(shard: shard)
        let entries = Dictionary(sidecar.samples.map { ($0.key, $0) }) { first, _ in first }
        for clip in shard.clips {
            guard let reader, let entry = entries[clip.row.key],
                reader.holds(clip, entry: entry, sourceSha256: sources.sha256(of: clip.row.video))
            else { continue }
            task.carried[clip.row.key] = CarriedSample(reader: reader, entry: entry)
        }
        for row in sidecar.quarantined where retried.contains(row.key) {
            task.previousAttempts[row.key] = row.attempts
        }
        return task
    }

    private func retriedKeys(of shard: PlannedShard) -> Set<String> {
        guard !options.retriedRows.isEmpty else { return [] }
        return Set(
            shard.clips.filter { options.retriedRows.contains($0.row.fields) }.map(\.row.key))
    }

    private func settingsHash() throws(ShardError) -> String {
        try ShardFingerprint.settingsHash(options.settings)
    }

    private func fingerprint(of shard: PlannedShard) throws(ShardError) -> String {
        try ShardFingerprint.provenance(
            settings: options.settings, clips: shard.clips,
            sourceHashes: shard.clips.map { sources.sha256(of: $0.row.video) }
        ).fingerprint
    }
}

// MARK: - Publication

extension BuildShards {
    /// What others need to finish or to mend the dataset, in place before the first shard.
    private func publishInputs() throws {
        let copy = "\(options.outputDirectory)/\(ShardFormat.manifestName)"
        if options.manifestPath != copy { try publishFile(manifest.bytes, at: copy) }
        try report.publish(in: options.outputDirectory)
    }

    private var report: BuildReport {
        BuildReport(
            source: options.originalManifest ?? options.manifestPath, root: options.root,
            settings: options.settings, classes: plan.classes)
    }

    /// The sidecar of a shard that this or another task has completed from the same rows.
    private func completedSidecar(of shard: PlannedShard) -> ShardSidecar? {
        guard
            let sidecar = try? ShardReader.readSidecar(
                directory: output.shardDirectory, name: shard.name),
            let planHash = try? ShardFingerprint.planHash(options.settings, clips: shard.clips),
            sidecar.planHash == planHash
        else { return nil }
        if sidecar.samples.isEmpty { return sidecar }
        return (try? ShardReader(directory: output.shardDirectory, name: shard.name))?.sidecar
    }

    /// Publishes the dataset, or only sums up if other tasks still build their shards.
    private func finish(
        own: [String: ShardSidecar], clips: Int, seconds: Double
    ) throws -> StageSummary {
        let sidecars = plan.shards.compactMap { shard in
            (own[shard.name] ?? completedSidecar(of: shard)).map { (shard, $0) }
        }
        let publication = DatasetPublication(
            manifest: manifest, plan: plan, settings: options.settings, sidecars: sidecars)
        var summary = StageSummary(
            accounting: publication.accounting, clips: clips, seconds: seconds,
            bytes: sidecars.reduce(0) { $0 + $1.1.bytes })
        summary.nearDuplicates =
            publication.nearDuplicates.isEmpty ? nil : publication.nearDuplicates.count
        if sidecars.count == plan.shards.count {
            try publishInputs()
            try publication.publish(in: options.outputDirectory)
            var report = report
            report.summary = summary
            try report.publish(in: options.outputDirectory)
        }
        return summary
    }
}

extension ShardReader {
    /// Whether the stored sample is what `clip` would become again.
    func holds(
        _ clip: PlannedClip, entry: ShardSidecar.Sample, sourceSha256: String
    ) -> Bool {
        guard !sourceSha256.isEmpty, let sample = try? storedSample(entry),
            let label = sample.members.first(where: { $0.name == ShardFormat.classMember }),
            String(decoding: label.bytes, as: UTF8.self) == "\(clip.classIndex)",
            let member = sample.members.first(where: { $0.name == ShardFormat.metadataMember }),
            let metadata = try? decodeJSON(ClipMetadata.self, from: member.bytes)
        else { return false }
        return metadata.describes(clip, sourceSha256: sourceSha256)
    }
}

extension Duration {
    /// The duration in seconds.
    var inSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) * 1e-18
    }
}

extension DatasetDescription.Normalization {
    /// What the BLIP image processor does.
    static let blip = DatasetDescription.Normalization(
        imageMean: ImageProcessorConfiguration.blip.imageMean,
        imageStd: ImageProcessorConfiguration.blip.imageStd,
        rescaleFactor: ImageProcessorConfiguration.blip.rescaleFactor)
}
