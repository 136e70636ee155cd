import Foundation
import Shards
import VideoDecoding

/// A picture of what a dataset holds: a row per clip with its sampled frames, label and numbers.
struct ContactSheet {
    /// A clip on the sheet.
    struct Clip {
        let key: String
        let label: String
        let split: String
        let video: String
        /// Numbers of the frames in the video; empty if unknown.
        let frameIndices: [Int]
        /// What is wrong; empty for a good clip.
        let damage: String
        /// UInt8 (C, T, H, W); `nil` if the pixels cannot be read.
        let pixels: [UInt8]?
    }

    private static let thumbnail = 112
    private static let gap = 6
    private static let caption = 2 * BitmapFont.height + 10
    private static let paper: [UInt8] = [250, 250, 252]
    private static let ink: [UInt8] = [28, 36, 48]
    private static let soft: [UInt8] = [110, 122, 140]
    private static let alarm: [UInt8] = [214, 48, 49]

    private let width: Int
    private let height: Int
    private var canvas: [UInt8]

    /// Draws `clips` of T = `numFrames` pictures, H = W = `size`, below the line `title`.
    init(_ clips: [Clip], numFrames: Int, size: Int, title: String) {
        let columns = min(numFrames, 16)
        let pitch = Self.thumbnail + Self.gap
        let rowHeight = Self.caption + Self.thumbnail + BitmapFont.height + 3 * Self.gap
        width = max(columns * pitch + Self.gap, 640)
        height = 2 * BitmapFont.height + Self.gap + clips.count * rowHeight
        canvas = [UInt8](repeating: 0, count: 3 * width * height)
        fill(x: 0, y: 0, width: width, height: height, Self.paper)
        write(title, x: Self.gap, y: Self.gap, Self.ink)
        for (row, clip) in clips.enumerated() {
            let top = 2 * BitmapFont.height + row * rowHeight
            let isBad = !clip.damage.isEmpty || clip.pixels == nil
            write(
                "\(clip.key)  \(clip.label)  (\(clip.split))", x: Self.gap, y: top + 4,
                isBad ? Self.alarm : Self.ink)
            let below = isBad ? "DAMAGED: \(clip.damage)" : clip.video
            write(
                below, x: Self.gap, y: top + 6 + BitmapFont.height, isBad ? Self.alarm : Self.soft)
            for column in 0..<columns {
                // With more frames than columns, evenly spread ones are shown.
                let frame = columns > 1 ? column * (numFrames - 1) / (columns - 1) : 0
                let x = Self.gap + column * pitch
                let y = top + Self.caption
                if isBad {
                    fill(
                        x: x - 3, y: y - 3, width: Self.thumbnail + 6, height: Self.thumbnail + 6,
                        Self.alarm)
                }
                draw(clip.pixels, frame: frame, numFrames: numFrames, size: size, x: x, y: y)
                if frame < clip.frameIndices.count {
                    write(
                        "frame \(clip.frameIndices[frame])", x: x, y: y + Self.thumbnail + 4,
                        Self.soft)
                }
            }
        }
    }

    /// The sheet as a PNG file.
    func png() throws(DecodeError) -> [UInt8] {
        try encodePicture(canvas, width: width, height: height, as: .png)
    }

    /// Draws one frame, each pixel the mean of those that fall on it.
    private mutating func draw(
        _ pixels: [UInt8]?, frame: Int, numFrames: Int, size: Int, x: Int, y: Int
    ) {
        guard let pixels else {
            return fill(x: x, y: y, width: Self.thumbnail, height: Self.thumbnail, Self.soft)
        }
        let starts = (0...Self.thumbnail).map { $0 * size / Self.thumbnail }
        for channel in 0..<3 {
            let plane = (channel * numFrames + frame) * size * size
            for row in 0..<Self.thumbnail {
                for column in 0..<Self.thumbnail {
                    var sum = 0
                    let rows = starts[row]..<max(starts[row] + 1, starts[row + 1])
                    let columns = starts[column]..<max(starts[column] + 1, starts[column + 1])
                    for sourceY in rows {
                        for sourceX in columns {
                            sum += Int(pixels[plane + sourceY * size + sourceX])
                        }
                    }
                    let mean = sum / (rows.count * columns.count)
                    canvas[3 * ((y + row) * width + x + column) + channel] = UInt8(mean)
                }
            }
        }
    }

    private mutating func fill(x: Int, y: Int, width: Int, height: Int, _ color: [UInt8]) {
        for row in max(0, y)..<min(self.height, y + height) {
            for column in max(0, x)..<min(self.width, x + width) {
                set(x: column, y: row, color)
            }
        }
    }

    private mutating func write(_ text: String, x: Int, y: Int, _ color: [UInt8]) {
        let room = (width - x) / BitmapFont.width
        for (position, character) in text.unicodeScalars.prefix(room).enumerated() {
            let code = character.isASCII ? UInt8(character.value) : UInt8(ascii: "?")
            for row in 0..<BitmapFont.height {
                for column in 0..<BitmapFont.width
                where BitmapFont.isSet(code, x: column, y: row) {
                    set(x: x + position * BitmapFont.width + column, y: y + row, color)
                }
            }
        }
    }

    private mutating func set(x: Int, y: Int, _ color: [UInt8]) {
        guard (0..<width).contains(x), (0..<height).contains(y) else { return }
        for channel in 0..<3 { canvas[3 * (y * width + x) + channel] = color[channel] }
    }
}
