import Preprocessing
import VideoDecoding

/// A picture of what a dataset holds, for a slide: one card per clip with its sampled frames, its
/// label and where it comes from.
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

    private static let (margin, gap, padding, frameGap) = (64, 24, 18, 6)
    private static let (header, caption, footer) = (104, 62, 26)
    private static let paper = Canvas.Color(240, 243, 247)
    private static let card = Canvas.Color(255, 255, 255)
    private static let empty = Canvas.Color(214, 220, 228)
    private static let ink = Canvas.Color(24, 32, 43)
    private static let soft = Canvas.Color(86, 98, 115)
    private static let alarm = Canvas.Color(187, 44, 44)
    private static let wanted = 16.0 / 9

    let canvas: Canvas
    private let numFrames: Int
    private let size: Int

    /// Draws `clips` of T = `numFrames` pictures, H = W = `size`, below `title` and `subtitle`.
    init(_ clips: [Clip], numFrames: Int, size: Int, title: String, subtitle: String) {
        (self.numFrames, self.size) = (numFrames, size)
        let layout = Layout(clips: clips.count, frames: min(numFrames, 16))
        var canvas = Canvas(width: layout.width, height: layout.height, color: Self.paper)
        let room = layout.width - 2 * Self.margin
        for (text, y, style) in [
            (title, Self.margin, Canvas.Style(size: 30, isBold: true, color: Self.ink)),
            (subtitle, Self.margin + 52, Canvas.Style(size: 16, color: Self.soft)),
        ] {
            canvas.write(
                Canvas.fitting(text, style, width: room), x: Self.margin, y: y, style)
        }
        let resize = BicubicResize(
            sourceWidth: size, sourceHeight: size, size: layout.frameSize)
        for (number, clip) in clips.enumerated() {
            let box = layout.card(number)
            canvas.fill(box, radius: 14, Self.card)
            Self.describe(clip, in: box, on: &canvas)
            for (place, frame) in layout.shownFrames(of: numFrames).enumerated() {
                let spot = Canvas.Box(
                    x: box.x + Self.padding + place * (layout.frameSize + Self.frameGap),
                    y: box.y + Self.padding + Self.caption, width: layout.frameSize,
                    height: layout.frameSize)
                if let pixels = clip.pixels {
                    canvas.draw(
                        Self.picture(pixels, frame: frame, of: numFrames, resize), in: spot,
                        radius: 6)
                } else {
                    canvas.fill(spot, radius: 6, Self.empty)
                }
                guard frame < clip.frameIndices.count else { continue }
                let style = Canvas.Style(size: 10, color: Self.soft)
                let number = Canvas.fitting(
                    "frame \(clip.frameIndices[frame])", style, width: spot.width)
                canvas.write(number, x: spot.x, y: spot.y + spot.height + 10, style)
            }
        }
        self.canvas = canvas
    }

    /// Label and split, and below them path and key, or what is wrong.
    private static func describe(_ clip: Clip, in box: Canvas.Box, on canvas: inout Canvas) {
        let isBad = !clip.damage.isEmpty || clip.pixels == nil
        let (left, room) = (box.x + padding, box.width - 2 * padding)
        let small = Canvas.Style(size: 11, color: isBad ? alarm : soft)
        for (text, end, y, style) in [
            (clip.label, clip.split, 0, Canvas.Style(size: 15, isBold: true, color: ink)),
            (isBad ? "damaged: \(clip.damage)" : clip.video, clip.key, 30, small),
        ] {
            let endStyle = Canvas.Style(size: 11, color: soft)
            let endWidth = Canvas.width(of: end, endStyle)
            let fits = endWidth < room / 2
            if fits {
                canvas.write(
                    end, x: left + room - endWidth,
                    y: box.y + padding + y + Int(style.size - endStyle.size), endStyle)
            }
            canvas.write(
                Canvas.fitting(text, style, width: room - (fits ? endWidth + 12 : 0)), x: left,
                y: box.y + padding + y, style)
        }
    }

    /// Frame number `frame` of `pixels` as RGB (S, S, 3).
    private static func picture(
        _ pixels: [UInt8], frame: Int, of frames: Int, _ resize: BicubicResize
    ) -> [UInt8] {
        var resize = resize
        let area = pixels.count / (3 * frames)
        let source = (0..<3 * area).map { place in
            pixels[(place % 3 * frames + frame) * area + place / 3]
        }
        var planes = [UInt8](repeating: 0, count: 3 * resize.size * resize.size)
        var target = planes.mutableSpan
        resize.resize(source.span, into: &target, slots: [0], numFrames: 1)
        let count = planes.count / 3
        return (0..<planes.count).map { planes[$0 % 3 * count + $0 / 3] }
    }

    /// The grid of cards: as many columns as bring the sheet closest to the shape of a slide
    /// without empty cells.
    private struct Layout {
        private let frames: Int
        private let columns: Int
        let frameSize: Int
        let width: Int
        let height: Int

        init(clips: Int, frames: Int) {
            self.frames = frames
            let candidates = (1...max(1, min(8, clips))).map { columns in
                Self.measures(clips: clips, frames: frames, columns: columns)
            }
            func misfit(_ measures: Measures) -> Double {
                let shape = Double(measures.width) / Double(measures.height)
                let places = (clips + measures.columns - 1) / measures.columns * measures.columns
                return max(shape / wanted, wanted / shape) * Double(places) / Double(max(1, clips))
            }
            let best = candidates.min { misfit($0) < misfit($1) } ?? candidates[0]
            (columns, frameSize, width, height) = best
        }

        private typealias Measures = (columns: Int, frameSize: Int, width: Int, height: Int)

        private static func measures(clips: Int, frames: Int, columns: Int) -> Measures {
            let inside = (1920 - 2 * margin - (columns - 1) * gap) / columns - 2 * padding
            let size = max(48, min(360, (inside - (frames - 1) * frameGap) / frames))
            let card = frames * (size + frameGap) - frameGap + 2 * padding
            let rows = (clips + columns - 1) / columns
            let height = size + caption + footer + 2 * padding
            return (
                columns, size, 2 * margin + columns * (card + gap) - gap,
                2 * margin + header + rows * (height + gap) - gap
            )
        }

        func card(_ number: Int) -> Canvas.Box {
            let width = frames * (frameSize + frameGap) - frameGap + 2 * padding
            let height = frameSize + caption + footer + 2 * padding
            return Canvas.Box(
                x: margin + number % columns * (width + gap),
                y: margin + header + number / columns * (height + gap), width: width,
                height: height)
        }

        /// All frames, or evenly spread ones.
        func shownFrames(of count: Int) -> [Int] {
            (0..<frames).map { frames > 1 ? $0 * (count - 1) / (frames - 1) : 0 }
        }
    }
}
