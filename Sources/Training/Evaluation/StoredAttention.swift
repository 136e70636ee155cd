public import Models
public import Recipes
public import Shards
import Tensors

/// What a run's queries read of clips of a feature dataset.
public struct StoredAttention {
    private let classifier: VideoClassifier
    private let reading: ClipReading
    private let clips: StoredClips
    /// (T, L, D).
    private let shape: [Int]

    /// Finds clips, and loads the run's best weights.
    /// - Parameters:
    ///   - run: The run.
    ///   - model: Its best model, if it is in memory.
    ///   - dataset: Its feature dataset, or one that was made like it.
    ///   - keys: The clips; damaged and missing ones are passed over.
    ///   - split: Where most of them are.
    /// - Throws: as `RunConfiguration.requireFit`, `RunDirectory.reading` and
    ///   `RunDirectory.loadModel`; `ShardError` if a shard cannot be read.
    public init(
        run: RunDirectory, model: VideoClassifier? = nil, dataset: Dataset,
        clips keys: Set<ClipKey>, split: Split
    ) throws {
        try run.configuration.requireFit(of: dataset, run: run.path)
        shape = dataset.description.array.shape
        reading = try run.reading()
        classifier = try model ?? run.loadModel()
        clips = try StoredClips(keys, of: dataset, split: split, skippingCorrupt: true)
    }

    /// What is read of the clip `key` with each of `prompts`, in one pass; `nil` if its features
    /// cannot be read, or hold no patches.
    public func maps(ofClip key: ClipKey, prompts: [String]) -> [AttentionMap]? {
        guard let number = clips.numbers[key], let array = try? clips.features(of: number) else {
            return nil
        }
        var features = [Float](repeating: 0, count: shape.reduce(1, *))
        var span = features.mutableSpan
        array.withHalfElements { halfToFloat($0, into: &span) }
        let tokens = reading.frameTokens(
            numClips: prompts.count, tokensPerClip: shape[0] * shape[1],
            identities: prompts.map { _ in 0 }, times: { _ in try? clips.frameTimes(of: number) }
        ) { _ in features }
        let trace = classifier.trace(tokens, prompts: reading.tokenized(prompts))
        let maps = prompts.indices.compactMap {
            AttentionMap(trace.meanAttention(ofClip: $0), numFrames: shape[0])
        }
        return maps.count == prompts.count ? maps : nil
    }
}
