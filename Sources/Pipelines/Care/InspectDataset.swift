import Foundation
public import Shards
import VideoDecoding

/// Looks into a dataset: what it is, what one clip is, what the clips look like.
public struct InspectDataset {
    private let dataset: Dataset

    /// Opens the dataset in `directory`.
    /// - Throws: `ShardError` if there is none of this version.
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
        /// Its class index.
        public let classIndex: Int
        /// The metadata member, JSON.
        public let metadata: [UInt8]
    }

    /// The clip called `key`, which may lack leading zeros.
    /// - Throws: `PipelineError.noClip` if there is none.
    public func clip(_ key: String) throws -> Clip {
        let padded = String(repeating: "0", count: max(0, 8 - key.count)) + key
        for reader in try dataset.readers(split: nil) {
            guard let sample = reader.sidecar.samples.first(where: { $0.key == padded }) else {
                continue
            }
            return Clip(
                shard: "\(ShardFormat.shardFolder)/\((reader.path as NSString).lastPathComponent)",
                members: sample.members.map { ($0.name, $0.storedBytes, $0.uncompressedBytes) },
                classIndex: try reader.classIndex(of: sample),
                metadata: try reader.storedBytes(of: ShardFormat.metadataMember, in: sample))
        }
        throw PipelineError.noClip(key: padded, directory: dataset.directory)
    }

    /// Writes a PNG of sampled frames with labels and frame numbers; bad clips are marked.
    /// - Parameters:
    ///   - path: The file to write.
    ///   - key: The only clip to show; `nil` means a selection.
    ///   - count: Clips to show, spread evenly over the dataset.
    /// - Throws: `ShardError`; `PipelineError.noClip`.
    public func writeContactSheet(to path: String, key: String?, count: Int) throws {
        try dataset.require(.pixels)
        var entries: [(reader: ShardReader, sample: ShardSidecar.Sample)] = []
        for shard in description.shards {
            let directory = dataset.shardDirectory
            let sidecar = try ShardReader.readSidecar(directory: directory, name: shard.name)
            // Damaged shards are looked at, too.
            let reader = try ShardReader(
                salvaging: shard.name, directory: directory, sidecar: sidecar)
            entries += sidecar.samples.map { (reader, $0) }
        }
        if let key {
            let padded = String(repeating: "0", count: max(0, 8 - key.count)) + key
            entries = entries.filter { $0.sample.key == padded }
            guard !entries.isEmpty else {
                throw PipelineError.noClip(key: padded, directory: dataset.directory)
            }
        }
        let shown = (0..<min(count, entries.count)).map {
            entries[$0 * entries.count / min(count, entries.count)]
        }
        let settings = description.settings
        let name = URL(fileURLWithPath: dataset.directory).lastPathComponent
        let sheet = ContactSheet(
            shown.map { clip($0.sample, of: $0.reader) }, numFrames: settings.numFrames,
            size: settings.imageSize,
            title: "\(name): \(shown.count) of \(description.accounting.stored) clips, "
                + "\(description.classes.count) classes, \(settings.numFrames) frames a clip "
                + "(\(settings.sampling))")
        try publishFile(sheet.png(), at: path)
    }

    private func clip(_ sample: ShardSidecar.Sample, of reader: ShardReader) -> ContactSheet.Clip {
        let metadata = try? decodeJSON(
            ClipMetadata.self,
            from: reader.storedBytes(of: ShardFormat.metadataMember, in: sample))
        var damage =
            metadata == nil ? "its metadata cannot be read" : metadata?.receipt.damage ?? ""
        var pixels: [UInt8]?
        do {
            _ = try reader.storedSample(sample)
            pixels = try bytePixels(reader.array(of: ShardFormat.pixelMember, in: sample))
        } catch {
            damage = "\(error)"
        }
        return ContactSheet.Clip(
            key: sample.key, label: metadata?.label ?? "", split: metadata?.split ?? "",
            video: metadata?.video ?? "", frameIndices: metadata?.receipt.frameIndices ?? [],
            damage: damage, pixels: pixels)
    }

    /// The pictures as UInt8 (C, T, H, W), whatever they are stored as.
    private func bytePixels(_ array: NPYArray) -> [UInt8]? {
        guard array.shape == description.array.shape else { return nil }
        guard array.elementType != .uint8 else {
            return Array(array.fileBytes[array.dataOffset...])
        }
        let normalization = description.normalization
        let plane = array.shape.dropFirst().reduce(1, *)
        return array.floatValues().enumerated().map { index, value in
            let channel = index / plane
            let scaled = value * normalization.imageStd[channel] + normalization.imageMean[channel]
            let byte = (Double(scaled) / normalization.rescaleFactor).rounded()
            return byte.isFinite ? UInt8(min(255, max(0, byte))) : 0
        }
    }
}
