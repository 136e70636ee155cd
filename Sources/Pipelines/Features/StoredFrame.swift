import Recipes
import Shards

/// One frame of a clip as it is stored, (C, H, W).
///
/// Frames are equal if every byte is. The hash is computed once, by the thread that reads the clip.
struct StoredFrame: Sendable, Hashable {
    /// UInt8 before normalisation, or normalised values.
    let elementType: ElementType
    let bytes: [UInt8]
    private let digest: Int

    /// The frames of `pixels`, (C, T, H, W) with H = W = `imageSize`, in their order.
    /// - Precondition: `pixels.count` is 3 · `numFrames` · `imageSize`² elements.
    static func frames(
        of pixels: Span<UInt8>, elementType: ElementType, numFrames: Int, imageSize: Int
    ) -> [StoredFrame] {
        let plane = imageSize * imageSize * elementType.size
        precondition(pixels.count == 3 * numFrames * plane)
        return (0..<numFrames).map { frame in
            let bytes = [UInt8](unsafeUninitializedCapacity: 3 * plane) { buffer, count in
                for channel in 0..<3 {
                    let start = (channel * numFrames + frame) * plane
                    pixels.extracting(start..<start + plane).withUnsafeBufferPointer { source in
                        _ = buffer[(channel * plane)...].update(fromContentsOf: source)
                    }
                }
                count = 3 * plane
            }
            return StoredFrame(elementType: elementType, bytes: bytes)
        }
    }

    private init(elementType: ElementType, bytes: [UInt8]) {
        self.elementType = elementType
        self.bytes = bytes
        digest = bytes.hashValue
    }

    static func == (left: StoredFrame, right: StoredFrame) -> Bool {
        left.digest == right.digest && left.bytes == right.bytes
    }

    func hash(into hasher: inout Hasher) { hasher.combine(digest) }

    /// The bytes of normalised values as Float32.
    func floatValues() -> [Float] {
        NPYArray(
            elementType: elementType, shape: [bytes.count / elementType.size], elements: bytes
        ).floatValues()
    }
}

extension ShardReader {
    /// Reads the frames of a sample of a pixel shard that was made by `recipe`.
    /// - Throws: `ShardError.corruptShard` if they are missing, damaged or of another shape,
    ///   `.file`.
    func frames(
        of sample: ShardSidecar.Sample, recipe: ClipRecipe
    ) throws(ShardError) -> [StoredFrame] {
        let pixels = try array(of: ShardFormat.pixelMember, in: sample)
        guard pixels.elementType == recipe.store, pixels.shape == recipe.shape else {
            throw .corruptShard(
                path: path, key: "\(sample.key)",
                reason: "it holds \(pixels.elementType) \(pixels.shape)")
        }
        return pixels.withElements {
            StoredFrame.frames(
                of: $0, elementType: pixels.elementType, numFrames: recipe.numFrames,
                imageSize: recipe.imageSize)
        }
    }
}

/// Frames with those that repeat an earlier one left out.
struct DistinctFrames: Sendable {
    /// Each frame once, in the order of first appearance.
    private(set) var frames: [StoredFrame] = []
    private var positions: [StoredFrame: Int] = [:]

    /// Adds the frames of a clip; returns where each of them stands in `frames`.
    mutating func add(_ clip: [StoredFrame]) -> [Int] {
        clip.map { frame in
            if let known = positions[frame] { return known }
            positions[frame] = frames.count
            frames.append(frame)
            return frames.count - 1
        }
    }
}
