public import Shards
import Tensors

/// One split of a feature dataset, read clip by clip from its shards.
///
/// Nothing is kept in memory but the index.
public struct ShardDataset: FeatureDataset {
    /// Frames times tokens per frame, T·L.
    public let tokensPerClip: Int
    /// Width of a token, D.
    public let hiddenSize: Int
    /// The class index of each clip.
    public let labels: [Int]
    /// The sample key of each clip.
    public let keys: [String]
    /// The instruction of each clip; empty where its row has none.
    public let prompts: [String]
    /// The source video of each clip, as the manifest names it.
    public let videos: [String]
    /// Keys of damaged clips that were left out.
    public let skippedKeys: [String]
    private let readers: [ShardReader]
    private let locations: [(shard: Int, sample: Int)]

    /// Opens the shards of `split` and reads class and metadata of every clip.
    ///
    /// With `skippingCorrupt` every clip is read and checked beforehand, and damaged ones are left
    /// out.
    /// - Throws: `ShardError` if the dataset holds no features, or a shard is incomplete or
    ///   damaged.
    public init(
        dataset: Dataset, split: String, skippingCorrupt: Bool = false
    ) throws(ShardError) {
        try dataset.require(.features)
        let shape = dataset.description.array.shape
        guard shape.count == 3 else {
            throw .notADataset(path: dataset.directory, reason: "its array has the shape \(shape)")
        }
        tokensPerClip = shape[0] * shape[1]
        hiddenSize = shape[2]
        readers = try dataset.readers(split: split)
        var labels: [Int] = []
        var keys: [String] = []
        var prompts: [String] = []
        var videos: [String] = []
        var skipped: [String] = []
        var locations: [(shard: Int, sample: Int)] = []
        for (shard, reader) in readers.enumerated() {
            for (index, sample) in reader.sidecar.samples.enumerated() {
                do throws(ShardError) {
                    try reader.require(sample, elements: shape.reduce(1, *))
                    if skippingCorrupt { _ = try reader.storedSample(sample) }
                    let label = try Self.label(of: sample, reader, dataset.description)
                    let row = try reader.row(of: sample)
                    labels.append(label)
                    keys.append(sample.key)
                    prompts.append(row.prompt)
                    videos.append(row.video)
                    locations.append((shard, index))
                } catch {
                    guard skippingCorrupt, case .corruptShard = error else { throw error }
                    skipped.append(sample.key)
                }
            }
        }
        self.labels = labels
        self.keys = keys
        self.prompts = prompts
        self.videos = videos
        self.locations = locations
        skippedKeys = skipped
    }

    private static func label(
        of sample: ShardSidecar.Sample, _ reader: ShardReader, _ description: DatasetDescription
    ) throws(ShardError) -> Int {
        let label = try reader.classIndex(of: sample)
        guard label < description.classes.count else {
            throw .corruptShard(path: reader.path, key: sample.key, reason: "its class is \(label)")
        }
        return label
    }

    /// Reads the features of clip `index`, Float32 (T·L, D); every element of `values` is written.
    /// - Throws: `ShardError` if the sample is damaged or has another shape than the dataset.
    public func readFeatures(of index: Int, into values: inout MutableSpan<Float>) throws {
        let reader = readers[locations[index].shard]
        let sample = reader.sidecar.samples[locations[index].sample]
        let array = try reader.array(of: ShardFormat.featureMember, in: sample)
        let count = tokensPerClip * hiddenSize
        guard array.elementType == .float16, array.shape.reduce(1, *) == count else {
            throw ShardError.corruptShard(
                path: reader.path, key: sample.key,
                reason: "it holds \(array.elementType) \(array.shape)")
        }
        array.withHalfElements { halfToFloat($0, into: &values) }
    }
}

extension ShardReader {
    /// Checks that the features of `sample` are as large as `elements` float16 numbers, before
    /// memory for a batch of them is asked for.
    fileprivate func require(
        _ sample: ShardSidecar.Sample, elements: Int
    ) throws(ShardError) {
        let size = sample.member(ShardFormat.featureMember)?.uncompressedBytes ?? 0
        // The header of a .npy file is at most 64 KiB.
        guard 0...1 << 16 ~= size - 2 * elements else {
            throw .corruptShard(
                path: path, key: sample.key,
                reason: "it has \(size) bytes of features, not \(2 * elements)")
        }
    }
}
