public import Models
import Preprocessing
public import VideoDecoding

/// A clip's frames side by side and, below each, the same frame with what the queries read of it.
///
/// The patch that is read most in all frames is red, half of that is yellow; a patch that is not
/// read stays as it is.
/// - Parameters:
///   - pixels: UInt8 (C, T, H, W), H = W.
///   - imageSize: H.
///   - map: What the queries read of the T frames.
/// - Precondition: `pixels` are those of T frames.
/// - Returns: A JPEG file of T frames side by side, 2 rows.
/// - Throws: `DecodeError.unsupportedCodec` if this FFmpeg cannot write JPEG.
public func attentionPicture(
    _ pixels: [UInt8], imageSize: Int, map: AttentionMap
) throws(DecodeError) -> [UInt8] {
    let frames = map.numFrames
    // A side of a JPEG has at most 65,535 pixels.
    let size = max(16, min(224, 16_384 / frames))
    precondition(pixels.count == 3 * frames * imageSize * imageSize)
    var resize = BicubicResize(sourceWidth: imageSize, sourceHeight: imageSize, size: size)
    let heat = map.bytes(ofFrames: Array(0..<frames))
    let width = frames * size
    var picture = [UInt8](repeating: 0, count: 2 * size * width * 3)
    for frame in 0..<frames {
        let source = interleaved(pixels, frame: frame, frames: frames, area: imageSize * imageSize)
        var planes = [UInt8](repeating: 0, count: 3 * size * size)
        var target = planes.mutableSpan
        resize.resize(source.span, into: &target, slots: [0], numFrames: 1)
        for row in 0..<size {
            for column in 0..<size {
                let weight = smooth(
                    heat, frame: frame, gridSize: map.gridSize, row: row, column: column, size: size
                )
                let color = heatColor(weight)
                for channel in 0..<3 {
                    let value = planes[(channel * size + row) * size + column]
                    let place = (row * width + frame * size + column) * 3 + channel
                    picture[place] = value
                    let mixed = Float(value) * (1 - 0.75 * weight) + color[channel] * 0.75 * weight
                    picture[place + size * width * 3] = UInt8(mixed.rounded())
                }
            }
        }
    }
    return try encodePicture(picture, width: width, height: 2 * size, as: .jpeg)
}

/// Red, green and blue of a weight from 0 to 1, as `heatMap` in `drawing.js` has them.
private func heatColor(_ weight: Float) -> [Float] {
    [255, 255 - 255 * weight, max(0, 90 - 255 * weight)]
}

/// The value at a pixel, from 0 to 1, linear between the middles of the patches.
private func smooth(
    _ heat: [UInt8], frame: Int, gridSize: Int, row: Int, column: Int, size: Int
) -> Float {
    func place(_ pixel: Int) -> (low: Int, high: Int, share: Float) {
        let position = (Float(pixel) + 0.5) * Float(gridSize) / Float(size) - 0.5
        let low = max(0, min(gridSize - 1, Int(position.rounded(.down))))
        return (low, min(gridSize - 1, low + 1), max(0, min(1, position - Float(low))))
    }
    let (y, x) = (place(row), place(column))
    func value(_ row: Int, _ column: Int) -> Float {
        Float(heat[(frame * gridSize + row) * gridSize + column]) / 255
    }
    let top = value(y.low, x.low) * (1 - x.share) + value(y.low, x.high) * x.share
    let bottom = value(y.high, x.low) * (1 - x.share) + value(y.high, x.high) * x.share
    return top * (1 - y.share) + bottom * y.share
}

/// One frame of UInt8 (3, T, H, W) as (H, W, 3), `area` = H · W.
func interleaved(_ clip: [UInt8], frame: Int, frames: Int, area: Int) -> [UInt8] {
    let planes = (0..<3).map { ($0 * frames + frame) * area }
    let red = clip.span.extracting(planes[0]..<planes[0] + area)
    let green = clip.span.extracting(planes[1]..<planes[1] + area)
    let blue = clip.span.extracting(planes[2]..<planes[2] + area)
    return [UInt8](unsafeUninitializedCapacity: 3 * area) { picture, count in
        for pixel in 0..<area {
            picture[3 &* pixel] = red[pixel]
            picture[3 &* pixel &+ 1] = green[pixel]
            picture[3 &* pixel &+ 2] = blue[pixel]
        }
        count = 3 * area
    }
}
