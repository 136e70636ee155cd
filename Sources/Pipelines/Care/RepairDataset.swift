import Foundation
import Manifests
public import Shards

/// Makes the bad or missing parts of a dataset again, from their sources, to the same bytes.
///
/// Good samples are copied, bad ones decoded anew; feature shards are encoded anew as a whole, the
/// bad ones only. A shard is published only if it has the hash that the dataset was published with.
public struct RepairDataset {
    private let directory: String
    private let root: String?
    private let jobs: Int
    private let isolation: ClipIsolation

    /// What a repair did.
    public struct Summary: Sendable, Codable {
        /// What was wrong.
        public let problems: [VerificationProblem]
        /// Samples that were decoded or encoded again.
        public let remadeSamples: Int
        /// Shards that were written again.
        public let remadeShards: Int
    }

    /// - Parameters:
    ///   - directory: The dataset.
    ///   - root: The folder that relative video paths start from; `nil` means where it was.
    ///   - jobs: Clips that are worked on at once.
    ///   - isolation: Where clips are decoded.
    public init(directory: String, root: String?, jobs: Int, isolation: ClipIsolation) {
        self.directory = directory
        self.root = root
        self.jobs = jobs
        self.isolation = isolation
    }

    /// Verifies, repairs and verifies again.
    /// - Throws: `PipelineError.beyondRepair`, or `ShardError.notRestored` if sources have changed.
    public func run(
        stop: StopSignal, progress: (StageProgress) -> Void
    ) async throws -> Summary {
        let verify = VerifyDataset(directory: directory, jobs: jobs)
        let before = try await verify.run(stop: stop) { _ in }
        guard !before.problems.isEmpty else {
            return Summary(problems: [], remadeSamples: 0, remadeShards: 0)
        }
        let made = try await repair(before.problems, stop: stop, progress: progress)
        let after = try await verify.run(stop: stop) { _ in }
        if let left = after.problems.first {
            throw PipelineError.beyondRepair(
                path: directory, reason: "\(left.path) is still wrong, \(left.detail)")
        }
        return Summary(
            problems: before.problems, remadeSamples: made.samples, remadeShards: made.shards)
    }

    private func repair(
        _ problems: [VerificationProblem], stop: StopSignal, progress: (StageProgress) -> Void
    ) async throws -> (samples: Int, shards: Int) {
        let report = try? BuildReport(directory: directory)
        let isDescribed = !problems.contains {
            $0.part == .file && $0.path == ShardFormat.descriptionName
        }
        let description = isDescribed ? try Dataset(directory: directory).description : nil
        if description?.kind == .features || (description == nil && report?.model.isEmpty == false)
        {
            return try FeatureRepair(
                directory: directory, description: description, report: report, problems: problems
            ).run(stop: stop, progress: progress)
        }
        guard let settings = description?.settings ?? report?.settings else {
            throw PipelineError.beyondRepair(
                path: directory,
                reason:
                    "both \(ShardFormat.descriptionName) and \(ShardFormat.reportName) are damaged")
        }
        guard report != nil || root != nil else {
            throw PipelineError.beyondRepair(
                path: directory,
                reason: "\(ShardFormat.reportName) is damaged, so name the videos' folder by --root"
            )
        }
        try restoreManifest(report: report, hash: description?.files[ShardFormat.manifestName])
        var options = try BuildShardsOptions(
            restoring: directory, settings: settings, report: report, root: root, jobs: jobs)
        options.classNames = description?.classes ?? report?.classes
        options.isolation = isolation
        let plan = try PixelRepair(
            options: options, description: description, problems: problems)
        return try await plan.run(stop: stop, progress: progress)
    }

    /// Puts the dataset's copy of its manifest back if it is not what it was.
    private func restoreManifest(report: BuildReport?, hash: String?) throws {
        let copy = "\(directory)/\(ShardFormat.manifestName)"
        let bytes = FileManager.default.contents(atPath: copy).map { [UInt8]($0) }
        if let bytes, hash == nil || sha256Hex(bytes) == hash { return }
        let original = report.flatMap { FileManager.default.contents(atPath: $0.source) }
        guard let original, hash == nil || sha256Hex([UInt8](original)) == hash else {
            throw PipelineError.beyondRepair(
                path: directory,
                reason: "\(ShardFormat.manifestName) is damaged and the original is gone or changed"
            )
        }
        try publishFile([UInt8](original), at: copy)
    }
}

/// The repair of a pixel dataset whose manifest and settings are known.
private struct PixelRepair {
    private let options: BuildShardsOptions
    private let description: DatasetDescription?
    private let manifest: Manifest
    private let plan: ShardPlan
    private let output: DatasetOutput
    private let lock: DatasetLock
    private var sidecars: [String: ShardSidecar] = [:]
    private var tasks: [ShardTask] = []

    init(
        options: BuildShardsOptions, description: DatasetDescription?,
        problems: [VerificationProblem]
    ) throws {
        self.options = options
        self.description = description
        manifest = try Manifest(path: options.manifestPath, name: options.manifestName)
        plan = try ShardPlan(manifest: manifest, options: options)
        output = DatasetOutput(directory: options.outputDirectory)
        lock = try DatasetLock(directory: options.outputDirectory, isShared: false)
        for shard in plan.shards {
            let path = "\(ShardFormat.shardFolder)/\(shard.name)"
            let own = problems.filter { $0.path == path + ".tar" || $0.path == path + ".json" }
            let sidecar = try? ShardReader.readSidecar(
                directory: output.shardDirectory, name: shard.name)
            if let sidecar, own.isEmpty, description != nil || isIntact(shard, sidecar) {
                sidecars[shard.name] = sidecar
            } else {
                let isTrusted = !own.contains { $0.part == .sidecar } && description != nil
                tasks.append(
                    task(
                        for: shard, sidecar: isTrusted ? sidecar : nil,
                        badKeys: Set(own.compactMap(\.key))))
            }
        }
    }

    /// Without a description to go by: whether shard and sidecar agree with each other.
    private func isIntact(_ shard: PlannedShard, _ sidecar: ShardSidecar) -> Bool {
        let path = "\(output.shardDirectory)/\(shard.name).tar"
        let planHash = try? ShardFingerprint.planHash(options.settings, clips: shard.clips)
        return sidecar.planHash == planHash
            && (sidecar.samples.isEmpty || (try? sha256Hex(ofFile: path)) == sidecar.sha256)
    }

    /// What has to be made again of a damaged shard; `sidecar` is `nil` if it cannot be trusted.
    private func task(
        for shard: PlannedShard, sidecar: ShardSidecar?, badKeys: Set<String>
    ) -> ShardTask {
        var task = ShardTask(shard: shard)
        let published = description?.shards.first { $0.name == shard.name }
        if let description {
            task.expectedHash = published?.sha256 ?? (description.shards.isEmpty ? nil : "")
        }
        let directory = output.shardDirectory
        let reader: ShardReader?
        if let sidecar {
            reader = try? ShardReader(
                salvaging: shard.name, directory: directory, sidecar: sidecar)
            task.provenance = ShardProvenance(
                fingerprint: sidecar.fingerprint, planHash: sidecar.planHash,
                settingsHash: sidecar.settingsHash)
            task.quarantined = Dictionary(sidecar.quarantined.map { ($0.key, $0) }) { first, _ in
                first
            }
        } else {
            let hash = try? sha256Hex(ofFile: "\(directory)/\(shard.name).tar")
            reader =
                hash != nil && hash == published?.sha256
                ? try? ShardReader(
                    scanning: shard.name, directory: directory,
                    perceptualHash: ClipMetadata.perceptualHash(in:)) : nil
        }
        guard let reader else { return task }
        for entry in reader.sidecar.samples where !badKeys.contains(entry.key) {
            task.carried[entry.key] = CarriedSample(reader: reader, entry: entry)
        }
        return task
    }

    func run(
        stop: StopSignal, progress: (StageProgress) -> Void
    ) async throws -> (samples: Int, shards: Int) {
        var sidecars = sidecars
        let total = tasks.flatMap(\.shard.clips).count
        let remade = tasks.reduce(0) {
            $0 + $1.shard.clips.count - $1.carried.count - $1.quarantined.count
        }
        var done = 0
        let workers = try ClipWorkers(
            options.clipMaker, isolation: options.isolation, count: min(options.jobs, remade))
        try await ShardAssembly(
            directory: output.shardDirectory, settings: options.settings,
            sources: SourceFiles(root: options.root), workers: workers, jobs: options.jobs
        ).run(
            tasks, stop: stop, finished: { sidecars[$0] = $1 },
            progress: { _ in
                done += 1
                progress(StageProgress(done: done, total: total, quarantined: 0, reused: 0))
            })
        if let signal = stop.signal { throw PipelineError.interrupted(signal: signal) }
        let publication = DatasetPublication(
            manifest: manifest, plan: plan, settings: options.settings,
            sidecars: plan.shards.compactMap { shard in sidecars[shard.name].map { (shard, $0) } })
        try publication.publish(in: options.outputDirectory)
        if (try? BuildReport(directory: options.outputDirectory)) == nil {
            try BuildReport(
                source: options.originalManifest ?? options.manifestPath, root: options.root,
                settings: options.settings, classes: plan.classes
            ).publish(in: options.outputDirectory)
        }
        return (remade, tasks.count)
    }
}

extension ClipMetadata {
    /// The perceptual hash in a metadata member; empty if it holds none.
    static func perceptualHash(in bytes: [UInt8]) -> String {
        (try? decodeJSON(ClipMetadata.self, from: bytes))?.perceptualHash ?? ""
    }
}
