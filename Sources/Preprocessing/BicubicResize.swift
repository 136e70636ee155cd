public import Recipes

/// Resizes RGB pictures of one shape to a square with bicubic interpolation, bit for bit as Pillow
/// does.
///
/// The weights are computed once, for all pictures of a clip; the intermediate pictures live in
/// buffers that every call reuses. Both passes round to UInt8, so their order matters: rows are
/// resized first, unless the height shrinks by more than twice as many pixels as the width does, as
/// in portrait video.
///
/// Source: Pillow 13 `Image.resize((size, size), Resampling.BICUBIC)` on mode RGB without a box;
/// the order of the passes is that of pull request 9549, before which Pillow always began with the
/// rows.
public struct BicubicResize: Sendable {
    /// Width of the source pictures in pixels.
    public let sourceWidth: Int
    /// Height of the source pictures in pixels.
    public let sourceHeight: Int
    /// Width and height of the resized pictures in pixels.
    public let size: Int

    private let horizontal: HorizontalPass
    private let vertical: VerticalPass
    private let beginsWithColumns: Bool
    /// Output of the first pass.
    private var intermediate: [UInt8]
    /// Output of the second pass: rows of `horizontal.outputStride` bytes, RGB interleaved.
    private var picture: [UInt8]

    /// Prepares to resize pictures of `sourceWidth` × `sourceHeight` to `size` × `size`.
    ///
    /// With `crop` the picture keeps its proportions, and the square is cut from its centre.
    /// Source of the crop: transformers, `center_crop`, whose margins are rounded down.
    /// - Precondition: all three are positive, and the cropped edge is at least `size`.
    public init(
        sourceWidth: Int, sourceHeight: Int, size: Int, mode: ResizeMode = .squash
    ) {
        precondition(
            sourceWidth > 0 && sourceHeight > 0 && size > 0,
            "cannot resize \(sourceWidth)×\(sourceHeight) to \(size)×\(size)")
        self.sourceWidth = sourceWidth
        self.sourceHeight = sourceHeight
        self.size = size
        let extent = mode.extent(width: sourceWidth, height: sourceHeight, size: size)
        precondition(
            extent.width >= size && extent.height >= size, "\(extent) pixels do not hold \(size)")
        let (left, top) = ((extent.width - size) / 2, (extent.height - size) / 2)
        beginsWithColumns =
            sourceHeight > extent.height
            && sourceHeight - extent.height > 2 * (sourceWidth - extent.width)
        horizontal = HorizontalPass(
            width: sourceWidth, height: beginsWithColumns ? size : sourceHeight,
            extent: extent.width, columns: left..<left + size)
        vertical = VerticalPass(
            height: sourceHeight, extent: extent.height, rows: top..<top + size,
            rowStride: beginsWithColumns ? sourceWidth * 3 : horizontal.outputStride)
        let narrow = [UInt8](repeating: 0, count: horizontal.outputCount)
        let low = [UInt8](repeating: 0, count: size * vertical.rowStride)
        (intermediate, picture) = beginsWithColumns ? (low, narrow) : (narrow, low)
    }

    /// Resizes `source` and writes it, one plane per channel, as frame `slot` of `clip` for each of
    /// `slots`.
    ///
    /// - Precondition: `source.count == sourceHeight * sourceWidth * 3`, `clip.count == 3 *
    ///   numFrames * size * size`, every slot lies in `0..<numFrames`.
    /// - Parameters:
    ///   - source: UInt8 (H, W, 3), row-major.
    ///   - clip: UInt8 (3, T, size, size); frames that are not in `slots` keep their values.
    ///   - slots: frames of the clip to write; a picture sampled more than once has several.
    ///   - numFrames: T.
    public mutating func resize(
        _ source: Span<UInt8>, into clip: inout MutableSpan<UInt8>, slots: [Int], numFrames: Int
    ) {
        let planeCount = size * size
        precondition(
            clip.count == 3 * numFrames * planeCount,
            "a clip of (3, \(numFrames), \(size), \(size)) does not hold \(clip.count) values")
        precondition(
            slots.allSatisfy { 0 <= $0 && $0 < numFrames },
            "slots \(slots) are not all in 0..<\(numFrames)")
        resize(source)
        for slot in slots {
            for channel in 0..<3 {
                copy(channel: channel, to: &clip, at: (channel * numFrames + slot) * planeCount)
            }
        }
    }

    /// Resizes `source`, UInt8 (H, W, 3), to UInt8 (size, size, 3), both row-major.
    /// - Precondition: `source.count == sourceHeight * sourceWidth * 3`.
    mutating func interleaved(_ source: Span<UInt8>) -> [UInt8] {
        resize(source)
        return (0..<size).flatMap { row in
            picture[(row * horizontal.outputStride)...].prefix(size * 3)
        }
    }

    /// Resizes `source`, UInt8 (H, W, 3), to `picture`.
    private mutating func resize(_ source: Span<UInt8>) {
        precondition(
            source.count == sourceHeight * sourceWidth * 3,
            "a picture of (\(sourceHeight), \(sourceWidth), 3) does not hold \(source.count) values"
        )
        if beginsWithColumns {
            vertical.run(source, into: &intermediate)
            let rows = intermediate
            horizontal.run(rows.span, into: &picture)
        } else {
            horizontal.run(source, into: &intermediate)
            let rows = intermediate
            vertical.run(rows.span, into: &picture)
        }
    }

    /// Writes one channel of `picture` as the plane (size, size) of `clip` that starts at `start`.
    private func copy(channel: Int, to clip: inout MutableSpan<UInt8>, at start: Int) {
        precondition(start >= 0 && start + size * size <= clip.count)
        let rowStride = horizontal.outputStride
        for row in 0..<size {
            let pixels = picture.span.extracting((row * rowStride)..<((row + 1) * rowStride))
            let target = start + row * size
            for column in 0..<size {
                unsafe clip[unchecked: target &+ column] = pixels[unchecked: 3 &* column &+ channel]
            }
        }
    }
}
