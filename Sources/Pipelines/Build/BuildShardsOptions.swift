import Foundation
public import Manifests
public import Shards
public import VideoDecoding

/// Everything `build-shards` can be told.
public struct BuildShardsOptions: Sendable {
    /// The CSV file to read.
    public var manifestPath: String
    /// Where the dataset goes.
    public var outputDirectory: String
    /// The folder that relative video paths start from; `nil` means the manifest's own.
    public var rootDirectory: String?
    /// A file with one class name per line; `nil` means the labels of the manifest.
    public var classesPath: String?
    /// The class names, if they are known already.
    var classNames: [String]?
    /// Frames per clip, T.
    public var numFrames = 8
    /// Height and width of the stored pictures in pixels.
    public var imageSize = 224
    /// Which T frames of a clip are taken.
    public var sampling = FrameSampling.linspace
    /// Element type of the stored pixels; uint8 before normalisation, floats after it.
    public var store = ElementType.uint8
    /// Whether frames are turned upright as the file's display matrix says.
    public var autorotate = true
    /// Clips per shard.
    public var shardClips = 256
    /// Shares of the splits among rows that name none.
    public var splitFractions: SplitFractions
    /// Seed of the split assignment.
    public var seed: UInt64 = 42
    /// zstd's compression level, 1…19.
    public var zstdLevel = 3
    /// Seconds that one clip may take.
    public var timeoutSeconds = 60.0
    /// Clips that are worked on at once.
    public var jobs: Int
    /// Which shards this process builds.
    public var partition = TaskPartition.whole
    /// Store what can be decoded of damaged videos.
    public var keepsDamaged = false
    /// Where clips are decoded.
    public var isolation = ClipIsolation.none
    /// The manifest as the user named it, if `manifestPath` is the dataset's own copy.
    public var originalManifest: String?
    /// Fields of quarantined rows that are tried again; others stay as they are.
    public var retriedRows: [[String]] = []
    /// Replace a dataset that was built with other settings.
    public var overwrite = false

    /// Starts from the defaults of all other options.
    public init(
        manifestPath: String, outputDirectory: String, splitFractions: SplitFractions, jobs: Int
    ) {
        self.manifestPath = manifestPath
        self.outputDirectory = outputDirectory
        self.splitFractions = splitFractions
        self.jobs = jobs
    }

    /// The part that decides the stored bytes and is written into `dataset.json`.
    var settings: DatasetDescription.Settings {
        DatasetDescription.Settings(
            numFrames: numFrames, imageSize: imageSize, sampling: sampling.rawValue, store: store,
            autorotate: autorotate, shardClips: shardClips,
            splitFractions: [splitFractions.train, splitFractions.validation, splitFractions.test],
            seed: seed, zstdLevel: zstdLevel, resample: 3, keepsDamaged: keepsDamaged)
    }

    /// The manifest's name in messages that become part of the dataset.
    var manifestName: String {
        ((originalManifest ?? manifestPath) as NSString).lastPathComponent
    }

    /// The folder that relative video paths start from.
    var root: String {
        rootDirectory ?? ((originalManifest ?? manifestPath) as NSString).deletingLastPathComponent
    }

    var clipMaker: ClipMakerOptions {
        var loader = ClipLoaderOptions(
            numFrames: numFrames, imageSize: imageSize, sampling: sampling, autorotate: autorotate,
            timeoutSeconds: timeoutSeconds)
        loader.keepsDamaged = keepsDamaged
        return ClipMakerOptions(
            loader: loader, store: store, zstdLevel: zstdLevel, normalization: .blip)
    }
}

extension BuildShardsOptions {
    /// Options that build what is in `directory` again, from the dataset's own copy of its manifest.
    ///
    /// Source videos are found by `report`, unless `root` says where they are now.
    init(
        restoring directory: String, settings: DatasetDescription.Settings, report: BuildReport?,
        root: String?, jobs: Int
    ) throws {
        guard settings.splitFractions.count == 3,
            let sampling = FrameSampling(rawValue: settings.sampling)
        else {
            throw PipelineError.beyondRepair(path: directory, reason: "its settings are damaged")
        }
        let fractions = settings.splitFractions.map { "\($0)" }.joined(separator: ",")
        self.init(
            manifestPath: "\(directory)/\(ShardFormat.manifestName)", outputDirectory: directory,
            splitFractions: try SplitFractions(fractions), jobs: jobs)
        originalManifest = report?.source
        rootDirectory = root ?? report?.root
        numFrames = settings.numFrames
        imageSize = settings.imageSize
        self.sampling = sampling
        store = settings.store
        autorotate = settings.autorotate
        shardClips = settings.shardClips
        seed = settings.seed
        zstdLevel = settings.zstdLevel
        keepsDamaged = settings.keepsDamaged
    }

    /// Options that publish what tasks have built in `directory`.
    /// - Throws: `PipelineError.noReport` if nothing was begun there.
    public init(finalizing directory: String, jobs: Int) throws {
        let report = try BuildReport(directory: directory)
        try self.init(
            restoring: directory, settings: report.settings, report: report, root: nil, jobs: jobs)
        classNames = report.classes
    }

    /// Options that try the rows of `quarantine` again, if that is the quarantine of a dataset.
    ///
    /// The result is `nil` if the manifest is to become a dataset of its own: it is no quarantine, or
    /// `output` names another directory.
    /// - Throws: `PipelineError.noReport` if the dataset does not say where its videos are.
    public init?(
        retrying quarantine: String, output: String?, root: String?, jobs: Int
    ) throws {
        let path = quarantine as NSString
        let directory = path.deletingLastPathComponent
        guard path.lastPathComponent == ShardFormat.quarantineName,
            output == nil || output.map(standardized) == standardized(directory),
            let description = try? Dataset(directory: directory).description,
            description.kind == .pixels
        else { return nil }
        try self.init(
            restoring: directory.isEmpty ? "." : directory, settings: description.settings,
            report: BuildReport(directory: directory.isEmpty ? "." : directory), root: root,
            jobs: jobs)
        let manifest = try Manifest(path: quarantine)
        retriedRows = manifest.rows.map(\.fields)
        classNames = description.classes
    }
}

private func standardized(_ path: String) -> String {
    URL(fileURLWithPath: path.isEmpty ? "." : path).standardizedFileURL.path
}
