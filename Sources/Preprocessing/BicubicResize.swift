/// Resizes RGB pictures of one shape to a square with bicubic interpolation, bit for bit as Pillow does.
///
/// The weights are computed once, for all pictures of a clip; the intermediate pictures live in buffers
/// that every call reuses. Both passes round to UInt8, first along the rows, then along the columns.
///
/// Source: Pillow `Image.resize((size, size), Resampling.BICUBIC)` on mode RGB without a box.
public struct BicubicResize: Sendable {
    /// Width of the source pictures in pixels.
    public let sourceWidth: Int
    /// Height of the source pictures in pixels.
    public let sourceHeight: Int
    /// Width and height of the resized pictures in pixels.
    public let size: Int

    private let horizontal: HorizontalPass
    private let vertical: VerticalPass
    /// UInt8 (source rows, rowStride): resized along the rows.
    private var narrowed: [UInt8]
    /// UInt8 (size, rowStride): the result, RGB interleaved.
    private var picture: [UInt8]

    /// Prepares to resize pictures of `sourceWidth` × `sourceHeight` to `size` × `size`.
    ///
    /// - Precondition: all three are positive.
    public init(sourceWidth: Int, sourceHeight: Int, size: Int) {
        precondition(
            sourceWidth > 0 && sourceHeight > 0 && size > 0,
            "cannot resize \(sourceWidth)×\(sourceHeight) to \(size)×\(size)")
        self.sourceWidth = sourceWidth
        self.sourceHeight = sourceHeight
        self.size = size
        horizontal = HorizontalPass(
            width: sourceWidth, height: sourceHeight, outputWidth: size)
        vertical = VerticalPass(
            height: sourceHeight, outputHeight: size, rowStride: horizontal.outputStride)
        narrowed = [UInt8](repeating: 0, count: horizontal.outputCount)
        picture = [UInt8](repeating: 0, count: size * horizontal.outputStride)
    }

    /// Resizes `source` and writes it, one plane per channel, as frame `slot` of `clip` for each of `slots`.
    ///
    /// - Precondition: `source.count == sourceHeight * sourceWidth * 3`,
    ///   `clip.count == 3 * numFrames * size * size`, every slot lies in `0..<numFrames`.
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

    /// Resizes `source` to UInt8 (size, size, 3), row-major.
    ///
    /// - Precondition: `source.count == sourceHeight * sourceWidth * 3`.
    mutating func interleaved(_ source: Span<UInt8>) -> [UInt8] {
        resize(source)
        return (0..<size).flatMap { row in
            picture[(row * vertical.rowStride)...].prefix(size * 3)
        }
    }

    private mutating func resize(_ source: Span<UInt8>) {
        precondition(
            source.count == sourceHeight * sourceWidth * 3,
            "a picture of (\(sourceHeight), \(sourceWidth), 3) does not hold \(source.count) values")
        horizontal.run(source, into: &narrowed)
        vertical.run(narrowed, into: &picture)
    }

    /// Writes one channel of the result as the plane of `clip` that starts at `start`.
    private func copy(channel: Int, to clip: inout MutableSpan<UInt8>, at start: Int) {
        precondition(start >= 0 && start + size * size <= clip.count)
        for row in 0..<size {
            let pixels = picture.span.extracting(
                (row * vertical.rowStride)..<((row + 1) * vertical.rowStride))
            let target = start + row * size
            for column in 0..<size {
                unsafe clip[unchecked: target &+ column] = pixels[unchecked: 3 &* column &+ channel]
            }
        }
    }
}
