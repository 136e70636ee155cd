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
    private let readers: [ShardReader]
    private let locations: [(shard: Int, sample: Int)]

    /// Number of clips.
    public var count: Int { keys.count }

    /// Opens the shards of `split` and reads the class of every clip.
    /// - Throws: `ShardError` if the dataset holds no features, or a shard is incomplete or
    ///   damaged.
    public init(dataset: Dataset, split: String) throws(ShardError) {
        try dataset.require(.features)
        let shape = dataset.description.array.shape
        guard shape.count == 3, shape.allSatisfy({ $0 > 0 && $0 < 1 << 20 }) else {
            throw .notADataset(path: dataset.directory, reason: "its array has the shape \(shape)")
        }
        tokensPerClip = shape[0] * shape[1]
        hiddenSize = shape[2]
        readers = try dataset.readers(split: split)
        var labels: [Int] = []
        var keys: [String] = []
        var locations: [(shard: Int, sample: Int)] = []
        for (shard, reader) in readers.enumerated() {
            for (index, sample) in reader.sidecar.samples.enumerated() {
                let label = try reader.classIndex(of: sample)
                guard label < dataset.description.classes.count else {
                    throw .corruptShard(
                        path: reader.path, key: sample.key, reason: "its class is \(label)")
                }
                labels.append(label)
                keys.append(sample.key)
                locations.append((shard, index))
            }
        }
        self.labels = labels
        self.keys = keys
        self.locations = locations
    }

    /// The source video of each clip, as the manifest names it.
    public func videos() throws(ShardError) -> [String] {
        var videos: [String] = []
        for (shard, sample) in locations {
            let reader = readers[shard]
            videos.append(try reader.video(of: reader.sidecar.samples[sample]))
        }
        return videos
    }

    /// Reads the features of clip `index`, Float32 (T·L, D), to `values` from `offset` on.
    /// - Throws: `ShardError` if the sample is damaged or has another shape than the dataset.
    public func readFeatures(
        of index: Int, into values: inout [Float], at offset: Int
    ) throws {
        let reader = readers[locations[index].shard]
        let sample = reader.sidecar.samples[locations[index].sample]
        let array = try reader.array(of: ShardFormat.featureMember, in: sample)
        let count = tokensPerClip * hiddenSize
        guard array.elementType == .float16, array.shape.reduce(1, *) == count else {
            throw ShardError.corruptShard(
                path: reader.path, key: sample.key,
                reason: "it holds \(array.elementType) \(array.shape)")
        }
        values.withMutableSpan(of: offset..<offset + count) { destination in
            array.withHalfElements { halfToFloat($0, into: &destination) }
        }
    }
}
