public import Recipes
public import Shards
import Tensors

/// The questions of one split of a feature dataset, whose clips are read one by one from shards.
///
/// Questions come from `questions.csv`, features from whatever shard holds the clip, in any split.
/// The order is that of the keys, as on disk, then that of the file. Nothing is kept in
/// memory but the index.
public struct ShardDataset: FeatureDataset {
    /// Frames times tokens per frame, T·L.
    public let tokensPerClip: Int
    /// Width of a token, D.
    public let hiddenSize: Int
    /// The output that stands for the right answer of each question.
    public let labels: [Int]
    /// The key of each question's clip.
    public let keys: [String]
    /// The source video of each question's clip, as the manifest names it.
    public let videos: [String]
    /// The instruction of each question; empty where its row has none.
    public let prompts: [String]
    /// Column `group` of each question, else its video.
    public let groups: [String]
    /// The clip of each question, as a number.
    public let clipIndices: [Int]
    /// Keys of damaged or missing clips, whose questions were left out.
    public let skippedKeys: [String]
    private let clips: StoredClips

    /// Reads the questions of `split` and finds their clips.
    ///
    /// With `skippingCorrupt` every clip is read and checked beforehand, and the questions about
    /// damaged ones are left out.
    /// - Throws: `ShardError.otherKind` or `.notADataset` if the dataset holds no features,
    ///   `.corruptFile` if its questions are damaged or a clip is missing, `.corruptShard` if one
    ///   is damaged, `.incompleteShard`, `.otherVersion` or `.file`.
    public init(
        dataset: Dataset, split: Split, skippingCorrupt: Bool = false
    ) throws(ShardError) {
        try dataset.require(.features)
        let shape = dataset.description.array.shape
        guard shape.count == 3 else {
            throw .notADataset(path: dataset.directory, reason: "its array has the shape \(shape)")
        }
        tokensPerClip = shape[0] * shape[1]
        hiddenSize = shape[2]
        let rows = try QuestionsFile(of: dataset).rows.filter { $0.split == split }
        let clips = try StoredClips(
            Set(rows.map(\.key)), of: dataset, split: split, skippingCorrupt: skippingCorrupt)
        self.clips = clips
        skippedKeys = clips.skipped.map(\.description)

        let outputs = ModelOutputs(dataset.description.tasks)
        let numbers = clips.numbers
        let order = rows.indices.filter { numbers[rows[$0].key] != nil }
            .sorted { (rows[$0].key, $0) < (rows[$1].key, $1) }
        let asked = order.map { rows[$0] }
        labels = asked.map { row in
            // `QuestionsFile` has checked that the dataset has this task and class.
            outputs.task(named: row.task).map { outputs.output(row.classIndex, of: $0) } ?? 0
        }
        clipIndices = asked.compactMap { numbers[$0.key] }
        keys = asked.map(\.key.description)
        videos = asked.map(\.video)
        prompts = asked.map(\.prompt)
        groups = asked.map(\.group)
    }

    /// Reads the features of the clip of question `index`, Float32 (T·L, D); every element of
    /// `values` is written.
    /// - Throws: `ShardError.corruptShard` if the sample is damaged or has another shape than the
    ///   dataset, `.file`.
    public func readFeatures(of index: Int, into values: inout MutableSpan<Float>) throws {
        try clips.features(of: clipIndices[index]).withHalfElements {
            halfToFloat($0, into: &values)
        }
    }
    /// When the frames of the clip of question `index` were shown, as its receipt says.
    /// - Throws: `ShardError.corruptShard` if the receipt is missing or damaged, `.file`.
    public func frameTimes(of index: Int) throws -> [Double]? {
        try clips.frameTimes(of: clipIndices[index])
    }
}
