import Files
import Foundation
public import Manifests
public import Recipes
import Shards

/// All options of `build-shards`.
public struct BuildShardsOptions: Sendable {
    /// The CSV or TSV file, or the folder, to read.
    public var manifestPath: String
    /// Where the dataset goes.
    public var outputDirectory: String
    /// The folder that relative video paths start from; `nil` means the manifest's own.
    public var rootDirectory: String?
    /// How clips become samples.
    public var recipe = ClipRecipe()
    /// Mean number of clips of a shard, at most.
    public var shardClips = 256
    /// Splits and classes.
    public var plan: DatasetPlan.Options
    /// Seconds that one clip may take.
    public var timeoutSeconds = 60.0
    /// Clips that are worked on at once.
    public var jobs: Int
    /// Which shards this process builds.
    public var partition = TaskPartition.whole
    /// Where clips are decoded.
    public var isolation = ClipIsolation.none
    /// The manifest as the user named it, if `manifestPath` is the dataset's own copy.
    public var originalManifest: String?
    /// Fields of quarantined rows that are tried again; others stay as they are.
    public var retriedRows: [[String]] = []
    /// Replace a dataset that was built with another recipe.
    public var overwrite = false
    /// Drop stored clips whose source is gone, and samples that were set aside.
    public var prunes = false
    /// Read sources again whose size and time are as recorded.
    public var verifiesSources = false
    /// What to make again of a damaged dataset.
    var restoration: ClipRestoration?

    /// Starts from the defaults of all other options.
    public init(
        manifestPath: String, outputDirectory: String, plan: DatasetPlan.Options, jobs: Int
    ) {
        self.manifestPath = manifestPath
        self.outputDirectory = outputDirectory
        self.plan = plan
        self.jobs = jobs
    }

    /// How clips are divided, as `dataset.json` records it.
    var division: DatasetDescription.Division {
        DatasetDescription.Division(
            fractions: Split.allCases.map { plan.fractions[$0] }, seed: plan.seed,
            shardClips: shardClips)
    }

    /// The manifest's name in messages that become part of the dataset.
    var manifestName: String {
        lastComponent(of: absolutePath(originalManifest ?? manifestPath))
    }

    /// The folder that relative video paths start from.
    var root: String {
        if let rootDirectory { return rootDirectory }
        let manifest = originalManifest ?? manifestPath
        return isDirectory(manifest) ? manifest : parentDirectory(of: manifest)
    }
}

extension BuildShardsOptions {
    /// Options that build what is in `directory` again, from the dataset's copy of its manifest.
    ///
    /// Source videos are found by `report`, unless `root` says where they are now.
    init(
        restoring directory: String, recipe: ClipRecipe, division: DatasetDescription.Division,
        tasks: [AnswerSet], report: BuildReport?, root: String?, jobs: Int
    ) throws {
        let fractions = division.fractions.map { "\($0)" }.joined(separator: ",")
        self.init(
            manifestPath: "\(directory)/\(ShardFormat.manifestName)", outputDirectory: directory,
            plan: DatasetPlan.Options(
                fractions: try SplitFractions(fractions), seed: division.seed,
                answerSets: tasks), jobs: jobs)
        originalManifest = report?.source
        rootDirectory = root ?? report?.root
        self.recipe = recipe
        shardClips = division.shardClips
    }

    /// Options that publish what tasks have built in `directory`.
    /// - Throws: `PipelineError.noReport` if nothing was begun there,
    ///   `ManifestError.invalidSplitFractions` if its report has others.
    public init(finalizing directory: String, jobs: Int) throws {
        let report = try BuildReport.read(
            "\(directory)/\(ShardFormat.stagingFolder)"
        ).report
        try self.init(
            restoring: directory, recipe: report.clipRecipe, division: report.division,
            tasks: report.tasks, report: report, root: nil, jobs: jobs)
        manifestPath = "\(directory)/\(ShardFormat.stagingFolder)/\(ShardFormat.manifestName)"
    }

    /// Options that try the rows of `quarantine` again, if that is the quarantine of a dataset.
    ///
    /// The result is `nil` if the manifest is to become a dataset of its own: it is no quarantine,
    /// or `output` names another directory.
    /// - Throws: `PipelineError.noReport` if the dataset does not say where its videos are;
    ///   `ManifestError` if the quarantine cannot be read as a manifest, such as `.noRows`.
    public init?(
        retrying quarantine: String, output: String?, root: String?, jobs: Int
    ) throws {
        let directory = parentDirectory(of: quarantine)
        guard lastComponent(of: quarantine) == ShardFormat.quarantineName,
            output == nil || output.map(absolutePath) == absolutePath(directory),
            let description = try? Dataset(
                directory: directory
            ).description,
            description.kind == .pixels
        else { return nil }
        try self.init(
            restoring: directory, recipe: description.clipRecipe,
            division: description.division, tasks: description.tasks,
            report: BuildReport.read(directory).report, root: root,
            jobs: jobs)
        retriedRows = try Manifest(path: quarantine).rows.map(\.fields)
    }
}
