import Files
import Foundation
import Manifests
import Models
import Recipes
public import Shards

/// Makes the bad or missing parts of a dataset again, from their sources, to the same bytes.
///
/// Good samples are copied, bad ones decoded or encoded anew. A shard is published only if it has
/// the hash that the dataset was published with.
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

    /// Prepares to repair; `run` reads the dataset.
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
    /// - Throws: `PipelineError.beyondRepair`; `ShardError.notRestored` if sources have changed;
    ///   and as `VerifyDataset.run`, `BuildShards` or `ExtractFeatures`.
    public func run(
        stop: StopSignal, progress: (StageProgress) -> Void
    ) async throws -> Summary {
        try DatasetStaging(directory: directory).finishCommit()
        let verify = VerifyDataset(directory: directory, jobs: jobs)
        let before = try await verify.run(stop: stop) { _ in }
        guard !before.problems.isEmpty else {
            return Summary(problems: [], remadeSamples: 0, remadeShards: 0)
        }
        var made: StageSummary?
        if before.problems.allSatisfy({ DatasetDocuments.names.contains($0.path) }) {
            // They follow from the description, so neither videos nor the encoder are needed.
            try DatasetDocuments(
                of: Dataset(directory: directory).description, directory: directory
            ).publish(in: directory)
        } else {
            made = try await repair(before.problems, stop: stop, progress: progress)
        }
        let after = try await verify.run(stop: stop) { _ in }
        if let left = after.problems.first {
            throw beyondRepair("\(left.path) is still wrong, \(left.detail)")
        }
        return Summary(
            problems: before.problems, remadeSamples: made?.decoded ?? made?.encoded ?? 0,
            remadeShards: made?.writtenShards ?? 0)
    }

    private func repair(
        _ problems: [VerificationProblem], stop: StopSignal, progress: (StageProgress) -> Void
    ) async throws -> StageSummary {
        let report = try? BuildReport.read(directory).report
        let isDescribed = !problems.contains {
            $0.part == .file && $0.path == ShardFormat.descriptionName
        }
        let description = isDescribed ? try Dataset(directory: directory).description : nil
        if description?.kind == .features
            || (description == nil && report?.featureRecipe != nil)
        {
            return try repairFeatures(
                problems, description: description, report: report, stop: stop,
                progress: progress)
        }
        guard let recipe = description?.clipRecipe ?? report?.clipRecipe,
            let division = description?.division ?? report?.division,
            let tasks = description?.tasks ?? report?.tasks
        else {
            throw beyondRepair(
                "both \(ShardFormat.descriptionName) and \(ShardFormat.reportName) are damaged")
        }
        guard report != nil || root != nil else {
            throw beyondRepair(
                "\(ShardFormat.reportName) is damaged, so name the videos' folder with --root")
        }
        try restoreManifest(report: report, hash: description?.files[ShardFormat.manifestName])
        var options = try BuildShardsOptions(
            restoring: directory, recipe: recipe, division: division, tasks: tasks,
            report: report, root: root, jobs: jobs)
        options.isolation = isolation
        options.overwrite = true
        options.restoration = ClipRestoration(description: description, problems: problems)
        return try await BuildShards(options: options).run(stop: stop, progress: progress)
    }

    /// Puts the dataset's copy of its manifest back if it is not what it was.
    private func restoreManifest(report: BuildReport?, hash: String?) throws {
        let copy = "\(directory)/\(ShardFormat.manifestName)"
        let bytes = try? readFile(copy)
        if let bytes, hash == nil || sha256Hex(bytes) == hash { return }
        let original = report.flatMap { try? Manifest(path: $0.source).bytes }
        guard let original, hash == nil || sha256Hex(original) == hash else {
            throw beyondRepair(
                "\(ShardFormat.manifestName) is damaged and the original is gone or changed")
        }
        try publishFile(original, at: copy)
    }

    private func beyondRepair(_ reason: String) -> PipelineError {
        .beyondRepair(path: directory, reason: reason)
    }
}

// MARK: - Features

/// Which parts of a damaged feature dataset are made again.
struct FeatureRestoration: Sendable {
    /// Shards that are not as they were published.
    let badShards: Set<String>
    /// sha256 that the tar of each shard must have, by the shard's name.
    let hashes: [String: String]
}

extension RepairDataset {
    /// Encodes what is bad in the recipe that the features record.
    ///
    /// Where `description` is `nil` because it is damaged, tars are compared with their sidecars.
    private func repairFeatures(
        _ problems: [VerificationProblem], description: DatasetDescription?,
        report: BuildReport?, stop: StopSignal, progress: (StageProgress) -> Void
    ) throws -> StageSummary {
        guard let report, let recorded = report.recordedModel,
            let recipe = description?.featureRecipe ?? report.featureRecipe
        else {
            throw beyondRepair(
                "\(ShardFormat.reportName) is damaged, which names the pixels; "
                    + "`vbprep extract-features --shards PIXELS --out \(directory)` mends it, "
                    + "keeping what is good")
        }
        let pixels = try Dataset(directory: report.source)
        if let description, pixels.description.contentHash != description.parentHash {
            throw beyondRepair("the pixels that it was made from have changed since")
        }
        let restoration =
            description.map { published(problems, $0) } ?? undescribed(pixels.description)
        try removeDamagedSidecars(problems)
        let encoding: FeatureEncoding
        if let description {
            encoding = FeatureEncoding(
                recorded: recorded, given: nil, recipe: recipe,
                description: description)
        } else {
            encoding = FeatureEncoding(
                model: try ModelDirectory.resolve(nil, recorded: recorded)
                    .interpolatingPositions(to: pixels.description.clipRecipe.imageSize),
                recipe: recipe)
        }
        var options = ExtractFeatures.Options(outputDirectory: directory)
        options.overwrite = true
        options.restoration = restoration
        return try ExtractFeatures(pixels: pixels, encoding: encoding, options: options)
            .run(stop: stop, progress: progress)
    }

    private func published(
        _ problems: [VerificationProblem], _ description: DatasetDescription
    ) -> FeatureRestoration {
        let paths = problems.map(\.path).filter { $0.hasPrefix(ShardFormat.shardFolder) }
        return FeatureRestoration(
            badShards: Set(
                paths.map { withoutExtension(lastComponent(of: $0)) }
            ),
            hashes: Dictionary(
                description.shards.map { ($0.name, $0.sha256) },
                uniquingKeysWith: { first, _ in first }))
    }

    /// What sidecars alone say of the shards.
    private func undescribed(_ pixels: DatasetDescription) -> FeatureRestoration {
        var bad: Set<String> = []
        var hashes: [String: String] = [:]
        for name in pixels.shards.map(\.name) {
            let folder = "\(directory)/\(ShardFormat.shardFolder)"
            let sidecar = try? ShardReader.readSidecar(directory: folder, name: name)
            hashes[name] = sidecar?.sha256
            let found = try? sha256Hex(ofFile: "\(folder)/\(name).tar")
            if found == nil || found != sidecar?.sha256 { bad.insert(name) }
        }
        return FeatureRestoration(badShards: bad, hashes: hashes)
    }

    /// Removes damaged sidecars, since what they say about their samples cannot be trusted.
    private func removeDamagedSidecars(_ problems: [VerificationProblem]) throws {
        for problem in problems where problem.part == .sidecar {
            try removeFile(at: "\(directory)/\(problem.path)")
        }
    }
}
