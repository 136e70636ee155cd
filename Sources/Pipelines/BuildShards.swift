import Foundation
import Manifests
import Models
import Preprocessing
import Shards

/// Manifest to pixel shards: decode, sample, resize, store; nothing is lost and nothing half-written.
///
/// Clips are worked on in parallel and stored in manifest order by one writer, so the bytes are the same for any number
/// of jobs. A shard that is complete and unchanged is kept. `dataset.json` is removed before the first shard changes and
/// written last.
public struct BuildShards {
    private let options: BuildShardsOptions
    private let manifest: Manifest
    private let plan: ShardPlan
    private let sources: SourceFiles
    private let shardDirectory: String

    /// Reads the manifest and divides it into shards.
    /// - Throws: `ManifestError` if the manifest cannot be used, `PipelineError` or `ShardError` if the output
    ///   directory cannot.
    public init(options: BuildShardsOptions) throws {
        self.options = options
        manifest = try Manifest(path: options.manifestPath)
        plan = try ShardPlan(manifest: manifest, options: options)
        let manifestFolder = (options.manifestPath as NSString).deletingLastPathComponent
        sources = SourceFiles(root: options.rootDirectory ?? manifestFolder)
        shardDirectory = "\(options.outputDirectory)/\(ShardFormat.shardFolder)"
        try prepareOutput()
    }

    /// Builds what is missing, then publishes the dataset if every shard is there.
    /// - Returns: the summary, whose counts cover the shards of all tasks that are finished.
    public func run(
        stop: StopSignal, progress: (StageProgress) -> Void
    ) async throws -> StageSummary {
        let clock = ContinuousClock()
        let start = clock.now
        let ownShards = plan.shards.enumerated()
            .filter { options.partition.owns($0.offset) }.map(\.element)
        var sidecars: [String: ShardSidecar] = [:]
        for shard in ownShards {
            if stop.isRequested { break }
            sidecars[shard.name] = try reusableSidecar(of: shard)
        }
        let missing = ownShards.filter { sidecars[$0.name] == nil }
        let reused = ownShards.filter { sidecars[$0.name] != nil }.flatMap(\.clips).count
        if !missing.isEmpty { try removeDescription() }
        try await build(missing, reused: reused, stop: stop, sidecars: &sidecars, progress: progress)
        if let signal = stop.signal { throw PipelineError.interrupted(signal: signal) }

        let elapsed = (clock.now - start).inSeconds
        return try finish(
            sidecars: sidecars, clips: missing.flatMap(\.clips).count, seconds: elapsed)
    }

    private func build(
        _ shards: [PlannedShard], reused: Int, stop: StopSignal,
        sidecars: inout [String: ShardSidecar], progress: (StageProgress) -> Void
    ) async throws {
        let maker = ClipSampleMaker(
            loader: options.loader, sources: sources, settings: options.settings,
            normalization: .blip)
        let clips = shards.flatMap(\.clips)
        var session = BuildSession(
            shards: shards, directory: shardDirectory, fingerprint: fingerprint)
        var done = reused
        var quarantined = plan.rejectedRows.count
        try await forEachInOrder(
            clips, limit: options.jobs, shouldStop: { stop.isRequested },
            operation: maker.outcome(of:)
        ) { outcome in
            if let (name, sidecar) = try session.commit(outcome) { sidecars[name] = sidecar }
            done += 1
            if case .failure = outcome.result { quarantined += 1 }
            progress(
                StageProgress(
                    done: done, total: reused + clips.count, quarantined: quarantined,
                    reused: reused))
        }
    }

    /// The sidecar of a shard that an earlier run completed from the same rows, files and settings.
    private func reusableSidecar(of shard: PlannedShard) throws -> ShardSidecar? {
        guard
            let sidecar = try? ShardReader.readSidecar(directory: shardDirectory, name: shard.name)
        else { return nil }
        let hashes = shard.clips.map { sources.sha256(of: $0.row.video) }
        guard sidecar.fingerprint == (try fingerprint(of: shard, hashes)) else { return nil }
        if sidecar.samples.isEmpty { return sidecar }
        return (try? ShardReader(directory: shardDirectory, name: shard.name))?.sidecar
    }

    private func fingerprint(of shard: PlannedShard, _ sourceHashes: [String]) throws -> String {
        try ShardFingerprint(
            settings: options.settings, clips: shard.clips, sourceHashes: sourceHashes
        ).sha256()
    }
}

// MARK: - Output directory and publication

extension BuildShards {
    private func prepareOutput() throws {
        let directory = options.outputDirectory
        let manager = FileManager.default
        if manager.fileExists(atPath: "\(directory)/\(ShardFormat.descriptionName)") {
            if !options.overwrite {
                let existing = try Dataset(directory: directory).description
                guard existing.kind == .pixels, existing.settings == options.settings else {
                    throw PipelineError.outputInUse(
                        path: directory, reason: "holds a dataset that was built with other settings")
                }
            }
        } else if let names = try? manager.contentsOfDirectory(atPath: directory), !names.isEmpty,
            !names.contains(ShardFormat.shardFolder), !options.overwrite
        {
            throw PipelineError.outputInUse(path: directory, reason: "holds other files")
        }
        do {
            try manager.createDirectory(
                atPath: shardDirectory, withIntermediateDirectories: true)
        } catch {
            throw ShardError.system(
                operation: "create", path: shardDirectory, code: 0,
                reason: "the directory above it is not writable")
        }
        removeAbandonedTemporaries(in: shardDirectory)
        removeAbandonedTemporaries(in: directory)
    }

    private func removeDescription() throws {
        let path = "\(options.outputDirectory)/\(ShardFormat.descriptionName)"
        if FileManager.default.fileExists(atPath: path) {
            try FileManager.default.removeItem(atPath: path)
        }
    }

    /// Publishes the dataset, or only sums up if other tasks still build their shards.
    private func finish(
        sidecars own: [String: ShardSidecar], clips: Int, seconds: Double
    ) throws -> StageSummary {
        var sidecars: [(shard: PlannedShard, sidecar: ShardSidecar)] = []
        for shard in plan.shards {
            if let sidecar = try own[shard.name] ?? reusableSidecar(of: shard) {
                sidecars.append((shard, sidecar))
            }
        }
        let isComplete = sidecars.count == plan.shards.count
        let publication = DatasetPublication(
            manifest: manifest, plan: plan, settings: options.settings, sidecars: sidecars)
        if isComplete { try publication.publish(in: options.outputDirectory) }
        let summary = StageSummary(
            accounting: publication.accounting, clips: clips, seconds: seconds,
            bytes: sidecars.reduce(0) { $0 + $1.sidecar.bytes })
        if isComplete {
            try publishFile(
                canonicalJSON(summary),
                at: "\(options.outputDirectory)/\(ShardFormat.reportName)")
        }
        return summary
    }
}

/// The writer of the shard that is being filled.
private struct BuildSession {
    private var remaining: ArraySlice<PlannedShard>
    private let directory: String
    private let fingerprint: (PlannedShard, [String]) throws -> String
    private var writer: ShardWriter?
    private var sourceHashes: [String] = []

    init(
        shards: [PlannedShard], directory: String,
        fingerprint: @escaping (PlannedShard, [String]) throws -> String
    ) {
        remaining = shards[...]
        self.directory = directory
        self.fingerprint = fingerprint
    }

    /// Stores the next clip in order.
    /// - Returns: name and sidecar of the shard that this clip completed, if it did.
    mutating func commit(_ outcome: ClipOutcome) throws -> (String, ShardSidecar)? {
        guard let shard = remaining.first else { return nil }
        let writer = try self.writer ?? ShardWriter(directory: directory, name: shard.name)
        self.writer = writer
        sourceHashes.append(outcome.sourceSha256)
        switch outcome.result {
        case .success(let sample):
            try writer.append(sample)
        case .failure(let fault):
            writer.appendQuarantined(
                ShardSidecar.QuarantinedRow(
                    key: outcome.clip.row.key, reason: fault.reason, stage: fault.stage,
                    detail: fault.detail, attempts: 1))
        }
        guard sourceHashes.count == shard.clips.count else { return nil }
        let sidecar = try writer.finish(fingerprint: fingerprint(shard, sourceHashes))
        self.writer = nil
        sourceHashes = []
        remaining = remaining.dropFirst()
        return (shard.name, sidecar)
    }
}

extension Duration {
    /// The duration in seconds.
    var inSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) * 1e-18
    }
}

extension PixelNormalization {
    /// Mean and standard deviation of the BLIP image processor.
    static let blip = PixelNormalization(.blip)

    init(_ configuration: ImageProcessorConfiguration) {
        self.init(
            imageMean: configuration.imageMean, imageStd: configuration.imageStd,
            rescaleFactor: configuration.rescaleFactor)
    }
}
