import Files
import Foundation
import Manifests
public import Recipes
public import Shards
import VideoDecoding

/// Looks into a dataset: what it is, what one clip is, what the clips look like.
public struct InspectDataset {
    private let dataset: Dataset

    /// Opens the dataset in `directory`.
    /// - Throws: as `Dataset.init(directory:)`.
    public init(directory: String) throws(ShardError) {
        dataset = try Dataset(directory: directory)
    }

    /// The content of `dataset.json`.
    public var description: DatasetDescription { dataset.description }

    /// One clip as it is stored.
    public struct Clip: Sendable {
        /// Path of its shard within the dataset.
        public let shard: String
        /// Its members: name, bytes in the tar, bytes when decompressed.
        public let members: [(name: String, storedBytes: Int, uncompressedBytes: Int)]
        /// The metadata member, JSON.
        public let metadata: [UInt8]
    }

    /// The clip with that key.
    /// - Throws: `PipelineError.noClip` if there is none; `ShardError`, as `Dataset.readers` and
    ///   `ShardReader.storedBytes`.
    public func clip(_ key: ClipKey) throws -> Clip {
        for reader in try dataset.readers() {
            guard let sample = reader.samples.first(where: { $0.key == key }) else { continue }
            return Clip(
                shard: "\(ShardFormat.shardFolder)/\(lastComponent(of: reader.path))",
                members: sample.members.map { ($0.name, $0.storedBytes, $0.uncompressedBytes) },
                metadata: try reader.storedBytes(of: ShardFormat.metadataMember, in: sample))
        }
        throw PipelineError.noClip(name: "\(key)", directory: dataset.directory)
    }

    /// The keys of the clips that `name` may mean: a key, the `id` of a question, or the path of a
    /// video, as the manifest writes it or from the working directory, which may have several
    /// windows.
    /// - Returns: At least one key, in the order of the questions; a key is not looked up.
    /// - Throws: `PipelineError.noClip` if there is none; `ShardError`, as `QuestionsFile`.
    public func keys(of name: String) throws -> [ClipKey] {
        if let key = ClipKey(name) { return [key] }
        let rows = try QuestionsFile(of: dataset).rows
        let path = absolutePath(name)
        var spellings: Set<ExactText> = [ExactText(name), ExactText(path)]
        if let root, path.hasPrefix("\(root)/") {
            spellings.insert(ExactText(String(path.dropFirst(root.count + 1))))
        }
        var seen: Set<ClipKey> = []
        let keys = rows.filter {
            spellings.contains(ExactText($0.video)) || haveSameBytes($0.id, name)
        }.map(\.key).filter { seen.insert($0).inserted }
        guard keys.isEmpty else { return keys }
        throw PipelineError.noClip(
            name: name, directory: dataset.directory,
            nearest: nearest(to: name, among: Set(rows.flatMap { [$0.video, $0.id] })))
    }

    /// The folder that relative paths of videos begin at, if the report of the build is there.
    private var root: String? {
        guard let report = try? BuildReport.read(dataset.directory).report else { return nil }
        guard dataset.description.kind == .features else { return report.root }
        return try? BuildReport.read(report.source).report.root
    }

    /// Writes a PNG for a slide: sampled frames with labels and numbers; bad clips are marked.
    /// - Parameters:
    ///   - path: The file to write.
    ///   - key: The only clip to show; `nil` means a selection.
    ///   - count: Clips to show, spread evenly over the dataset.
    /// - Throws: `ShardError.otherKind`, or another if a sidecar or tar cannot be read;
    ///   `PipelineError.noClip`; `DecodeError.unsupportedCodec` if the picture cannot be encoded;
    ///   `FileError.cannotCreate` or `.system`.
    public func writeContactSheet(to path: String, key: ClipKey?, count: Int) throws {
        try dataset.require(.pixels)
        var entries: [(reader: ShardReader, sample: ShardSidecar.Sample)] = []
        for shard in description.shards {
            let directory = dataset.shardDirectory
            let sidecar = try ShardReader.readSidecar(directory: directory, name: shard.name)
            // Damaged shards are looked at, too.
            let reader = try ShardReader(
                path: "\(directory)/\(shard.name).tar", samples: sidecar.samples)
            entries += sidecar.samples.map { (reader, $0) }
        }
        if let key {
            entries = entries.filter { $0.sample.key == key }
            guard !entries.isEmpty else {
                throw PipelineError.noClip(name: "\(key)", directory: dataset.directory)
            }
        }
        let shown = (0..<min(count, entries.count)).map {
            entries[$0 * entries.count / min(count, entries.count)]
        }
        let recipe = description.clipRecipe
        let numClasses = description.tasks.reduce(0) { $0 + $1.classes.count }
        let name = URL(fileURLWithPath: dataset.directory).lastPathComponent
        let sheet = ContactSheet(
            shown.map { clip($0.sample, of: $0.reader) }, numFrames: recipe.numFrames,
            size: recipe.imageSize,
            title: name,
            subtitle: "\(shown.count) of \(counted(description.numClips, "clip")), "
                + "\(counted(numClasses, "class")), \(counted(recipe.numFrames, "frame")) a clip "
                + "(\(recipe.sampling.rawValue))")
        try publishFile(sheet.canvas.png(), at: path)
    }

    private func clip(_ sample: ShardSidecar.Sample, of reader: ShardReader) -> ContactSheet.Clip {
        let metadata = try? reader.metadata(ClipMetadata.self, of: sample)
        var damage =
            metadata == nil ? "its metadata cannot be read" : metadata?.receipt.damage ?? ""
        var pixels: [UInt8]?
        do {
            let array = try reader.array(of: ShardFormat.pixelMember, in: sample)
            if array.shape == description.array.shape {
                pixels = array.bytePixels(normalization: description.normalization)
            }
        } catch {
            damage = "\(error)"
        }
        return ContactSheet.Clip(
            key: "\(sample.key)",
            label: metadata?.questions?.map(\.label).joined(separator: " · ") ?? "",
            split: metadata?.questions?.map(\.split).min()?.rawValue ?? "",
            video: sample.origin.clip.video, frameIndices: metadata?.receipt.frameIndices ?? [],
            damage: damage, pixels: pixels)
    }
}
