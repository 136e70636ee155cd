import Files
import Recipes
import Shards

/// The features of clips, in whatever shards of a dataset they lie.
struct StoredClips: Sendable {
    /// Numbers of the clips that were found.
    private(set) var numbers: [ClipKey: Int] = [:]
    /// Clips that are damaged or missing.
    private(set) var skipped: [ClipKey] = []
    private var places: [(reader: ShardReader, sample: ShardSidecar.Sample)] = []
    private let array: DatasetDescription.Array

    /// Finds the clips `keys` of `dataset`, in the shards of `split` first.
    ///
    /// Shards are opened until all clips are found, and those with none of them are closed again.
    /// - Parameters:
    ///   - keys: The clips to find.
    ///   - dataset: A feature dataset.
    ///   - split: Where most of the clips are.
    ///   - skippingCorrupt: Whether to read and check every clip now and to leave out damaged and
    ///     missing ones instead of throwing.
    /// - Throws: `ShardError.corruptFile` if a clip is missing, `.corruptShard` if one is damaged;
    ///   as `Dataset.reader(of:)`.
    init(
        _ keys: Set<ClipKey>, of dataset: Dataset, split: Split, skippingCorrupt: Bool
    ) throws(ShardError) {
        array = dataset.description.array
        var wanted = keys
        let shards = dataset.description.shards
        let nearestFirst =
            shards.filter { $0.split == split } + shards.filter { $0.split != split }
        for shard in nearestFirst where !wanted.isEmpty {
            let reader = try dataset.reader(of: shard)
            for sample in reader.samples where wanted.remove(sample.key) != nil {
                do throws(ShardError) {
                    try requireSize(of: sample, in: reader)
                    if skippingCorrupt { _ = try features(of: sample, in: reader) }
                    numbers[sample.key] = places.count
                    places.append((reader, sample))
                } catch {
                    guard skippingCorrupt, case .corruptShard = error else { throw error }
                    skipped.append(sample.key)
                }
            }
        }
        if !skippingCorrupt, let key = wanted.min() {
            throw .corruptFile(
                path: "\(dataset.directory)/\(ShardFormat.questionsName)",
                reason: "it asks about the clip \(key), which no shard holds")
        }
        skipped = (skipped + wanted).sorted()
    }

    /// Reads the features of clip `number`, float16 (T, L, D).
    /// - Throws: `ShardError.corruptShard` if they are damaged or have another shape than the
    ///   dataset, `.file`.
    func features(of number: Int) throws(ShardError) -> NPYArray {
        try features(of: places[number].sample, in: places[number].reader)
    }

    /// When the frames of clip `number` were shown, in seconds after the first of them.
    /// - Throws: `ShardError.corruptShard` if its receipt is missing or damaged, `.file`.
    func frameTimes(of number: Int) throws(ShardError) -> [Double] {
        let (reader, sample) = places[number]
        let bytes = try reader.storedBytes(of: ShardFormat.metadataMember, in: sample)
        let times = FrameTimes(metadata: bytes)
        guard let times, times.seconds.count == array.shape[0] else {
            throw .corruptShard(
                path: reader.path, key: "\(sample.key)",
                reason: "its receipt does not say when its \(array.shape[0]) frames were shown")
        }
        return times.seconds
    }

    private func features(
        of sample: ShardSidecar.Sample, in reader: ShardReader
    ) throws(ShardError) -> NPYArray {
        let features = try reader.array(of: array.member, in: sample)
        guard features.elementType == .float16, features.shape == array.shape else {
            throw .corruptShard(
                path: reader.path, key: "\(sample.key)",
                reason: "it holds \(features.elementType) \(features.shape), "
                    + "not float16 \(array.shape)")
        }
        return features
    }

    /// Checks the size of a clip's features before memory for a batch of them is asked for.
    private func requireSize(
        of sample: ShardSidecar.Sample, in reader: ShardReader
    ) throws(ShardError) {
        let size = sample.member(array.member)?.uncompressedBytes ?? 0
        let wanted = array.shape.reduce(ElementType.float16.size, *)
        // The header of a .npy file is at most 64 KiB.
        guard 0...1 << 16 ~= size - wanted else {
            throw .corruptShard(
                path: reader.path, key: "\(sample.key)",
                reason: "it has \(counted(size, "byte")) of features, not \(wanted)")
        }
    }
}
