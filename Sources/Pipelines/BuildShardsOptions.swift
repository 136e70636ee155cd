public import Manifests
public import Shards
public import VideoDecoding

/// Everything `build-shards` can be told.
public struct BuildShardsOptions: Sendable {
    public var manifestPath: String
    /// Where the dataset goes.
    public var outputDirectory: String
    /// The folder that relative video paths start from; `nil` means the manifest's own.
    public var rootDirectory: String?
    /// A file with one class name per line; `nil` means the labels of the manifest.
    public var classesPath: String?
    /// Frames per clip, T.
    public var numFrames = 8
    /// Height and width of the stored pictures.
    public var imageSize = 224
    public var sampling = FrameSampling.linspace
    public var store = ElementType.uint8
    public var autorotate = true
    /// Clips per shard.
    public var shardClips = 256
    public var splitFractions: SplitFractions
    public var seed: UInt64 = 42
    public var zstdLevel = 3
    /// Seconds that one clip may take.
    public var timeoutSeconds = 60.0
    /// Clips that are worked on at once.
    public var jobs: Int
    public var partition = TaskPartition.whole
    /// Replace a dataset that was built with other settings.
    public var overwrite = false

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
            seed: seed, zstdLevel: zstdLevel, resample: 3)
    }

    var loader: ClipLoader {
        ClipLoader(
            numFrames: numFrames, imageSize: imageSize, sampling: sampling, autorotate: autorotate,
            timeoutSeconds: timeoutSeconds)
    }
}
