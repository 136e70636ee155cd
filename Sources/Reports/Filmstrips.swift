import Foundation
import Pipelines
import Preprocessing
import Recipes
import Shards
import VideoDecoding

/// Pictures of stored clips: the sampled frames side by side.
struct Filmstrips: Sendable {
    /// Width and height of a frame in pixels.
    private let frameSize: Int
    /// Frames of a clip that are shown at most.
    private let maxFrames: Int

    /// A clip's picture.
    struct Strip: Sendable {
        /// A JPEG file.
        let jpeg: [UInt8]
        /// Frames in it.
        let frames: Int
        /// The clip as it is stored.
        let clip: Recipes.Clip

        /// The picture as a `data:` URL.
        var dataURL: String { "data:image/jpeg;base64,\(Data(jpeg).base64EncodedString())" }
    }

    private let pixels: Dataset
    /// Shrinks stored frames to the size of those in strips; copied for each clip.
    private let resize: BicubicResize?
    private let places: [ClipKey: (reader: ShardReader, sample: ShardSidecar.Sample)]

    /// Finds the pictures in `shards` (`nil`: all) of the pixel dataset `pixels`; shards that cannot
    /// be read have none.
    init(
        of pixels: Dataset, frameSize: Int = 112, maxFrames: Int = 16, shards: Set<String>? = nil
    ) {
        self.pixels = pixels
        self.frameSize = frameSize
        self.maxFrames = maxFrames
        let size = pixels.description.array.shape.last ?? 0
        resize =
            size > 0
            ? BicubicResize(sourceWidth: size, sourceHeight: size, size: frameSize) : nil
        var places: [ClipKey: (ShardReader, ShardSidecar.Sample)] = [:]
        for shard in pixels.description.shards where shards?.contains(shard.name) ?? true {
            guard
                let reader = try? ShardReader(
                    directory: pixels.shardDirectory, name: shard.name)
            else { continue }
            for sample in reader.samples { places[sample.key] = (reader, sample) }
        }
        self.places = places
    }

    /// The pictures of `features`' clips, if the pixels that they were made from are still there.
    init?(ofFeatures features: Dataset) {
        guard let pixels = Pipelines.pixels(of: features) else { return nil }
        self.init(of: pixels)
    }

    /// Which of a clip's frames are shown.
    func shownFrames(of frames: Int) -> [Int] {
        (0..<min(frames, maxFrames)).map {
            frames <= maxFrames ? $0 : $0 * (frames - 1) / max(1, maxFrames - 1)
        }
    }

    /// The picture of the clip `key`; `nil` if its pixels cannot be read.
    func strip(of key: ClipKey) -> Strip? {
        guard let (reader, sample) = places[key],
            let array = try? reader.picture(of: ShardFormat.pixelMember, in: sample),
            array.shape == pixels.description.array.shape, array.shape.count == 4,
            var resize
        else { return nil }
        let (frames, size) = (array.shape[1], array.shape[2])
        let shown = shownFrames(of: frames)
        let bytes = array.bytePixels(normalization: pixels.description.normalization)
        var planes = [UInt8](repeating: 0, count: 3 * shown.count * frameSize * frameSize)
        for (slot, frame) in shown.enumerated() {
            let picture = interleaved(bytes, frame: frame, frames: frames, area: size * size)
            var target = planes.mutableSpan
            resize.resize(picture.span, into: &target, slots: [slot], numFrames: shown.count)
        }
        let strip = sideBySide(planes, frames: shown.count)
        guard
            let jpeg = try? encodePicture(
                strip, width: shown.count * frameSize, height: frameSize, as: .jpeg)
        else { return nil }
        return Strip(jpeg: jpeg, frames: shown.count, clip: sample.origin.clip)
    }

    /// UInt8 (3, T, S, S) as one picture (S, T · S, 3).
    private func sideBySide(_ planes: [UInt8], frames: Int) -> [UInt8] {
        let size = frameSize
        return [UInt8](unsafeUninitializedCapacity: planes.count) { picture, count in
            for channel in 0..<3 {
                for frame in 0..<frames {
                    for row in 0..<size {
                        let start = ((channel * frames + frame) * size + row) * size
                        let line = planes.span.extracting(start..<start + size)
                        let place = ((row * frames + frame) * size) * 3 + channel
                        for column in 0..<size { picture[place &+ 3 &* column] = line[column] }
                    }
                }
            }
            count = planes.count
        }
    }
}
