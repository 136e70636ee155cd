import Preprocessing
import VideoDecoding

/// A picture composed of rounded boxes, other pictures and text, with anti-aliased edges.
struct Canvas {
    /// Red, green and blue from 0 to 255.
    typealias Color = SIMD3<Float>

    /// A rectangle in pixels.
    struct Box {
        var x: Int
        var y: Int
        var width: Int
        var height: Int
    }

    /// A text's height, that of its capitals in pixels, and its weight.
    struct Style {
        var size: Double
        var isBold = false
        var color: Color

        fileprivate var scale: Double { size / StrokeFont.capHeight }
        /// Half the width of a line, in pixels.
        fileprivate var radius: Double { scale * (isBold ? 1.15 : 0.75) }
    }

    let width: Int
    let height: Int
    /// UInt8 (H, W, 3).
    private var pixels: [UInt8]

    init(width: Int, height: Int, color: Color) {
        (self.width, self.height) = (width, height)
        pixels = [UInt8](repeating: 0, count: 3 * width * height)
        fill(Box(x: 0, y: 0, width: width, height: height), radius: 0, color)
    }

    /// The picture as a PNG file.
    /// - Throws: as `encodePicture`.
    func png() throws(DecodeError) -> [UInt8] {
        try encodePicture(pixels, width: width, height: height, as: .png)
    }

    /// Red, green and blue of a pixel.
    func color(x: Int, y: Int) -> Color { Self.color(pixels, 3 * (y * width + x)) }

    private static func color(_ pixels: [UInt8], _ place: Int) -> Color {
        Color(Float(pixels[place]), Float(pixels[place + 1]), Float(pixels[place + 2]))
    }

    /// Fills `box`, its corners rounded by `radius` pixels.
    mutating func fill(_ box: Box, radius: Int, _ color: Color) {
        draw(box, radius: radius) { _, _ in color }
    }

    /// Draws RGB pixels (H, W, 3) of the size of `box` there.
    mutating func draw(_ picture: [UInt8], in box: Box, radius: Int) {
        precondition(picture.count == 3 * box.width * box.height)
        draw(box, radius: radius) { column, row in
            Self.color(picture, 3 * (row * box.width + column))
        }
    }

    private mutating func draw(
        _ box: Box, radius: Int, color: (_ column: Int, _ row: Int) -> Color
    ) {
        let radius = Double(radius)
        for row in 0..<box.height {
            for column in 0..<box.width {
                // How far the pixel's middle lies in the square of a corner.
                let x = radius - min(Double(column) + 0.5, Double(box.width - column) - 0.5)
                let y = radius - min(Double(row) + 0.5, Double(box.height - row) - 0.5)
                let distance = x > 0 && y > 0 ? (x * x + y * y).squareRoot() : 0
                blend(
                    x: box.x + column, y: box.y + row, color(column, row),
                    coverage: distance == 0 ? 1 : radius + 0.5 - distance)
            }
        }
    }

    /// The width of `text` in pixels.
    static func width(of text: String, _ style: Style) -> Int {
        let glyphs = text.map(StrokeFont.glyph)
        let units = glyphs.reduce(0) { $0 + $1.width + StrokeFont.spacing }
        return Int((style.scale * (units - StrokeFont.spacing) + 2 * style.radius).rounded(.up))
    }

    /// As much of the beginning of `text` as fits into `width` pixels.
    static func fitting(_ text: String, _ style: Style, width: Int) -> String {
        var room = Double(width) / style.scale
        // No letter is narrower than the space between two.
        let candidates = text.prefix(Int(max(0, room / StrokeFont.spacing)) + 1)
        if candidates.count == text.count, self.width(of: text, style) <= width { return text }
        room -= StrokeFont.glyph("…").width + StrokeFont.spacing
        let fitting = candidates.prefix { character in
            room -= StrokeFont.glyph(character).width + StrokeFont.spacing
            return room >= 0
        }
        return fitting.isEmpty ? "" : fitting + "…"
    }

    /// Writes `text` from `x` on, its capitals' tops at `y`.
    mutating func write(_ text: String, x: Int, y: Int, _ style: Style) {
        var left = Double(x) + style.radius
        for glyph in text.map(StrokeFont.glyph) {
            for line in glyph.lines {
                let points = line.map { point in
                    (
                        x: left + style.scale * point.x,
                        y: Double(y) + style.size - style.scale * point.y
                    )
                }
                stroke(points, style)
            }
            left += style.scale * (glyph.width + StrokeFont.spacing)
        }
    }

    /// Draws a line with round ends; each pixel once, so that its parts do not add up.
    private mutating func stroke(_ points: [StrokeFont.Point], _ style: Style) {
        let margin = style.radius + 1
        guard let left = points.map(\.x).min(), let right = points.map(\.x).max(),
            let top = points.map(\.y).min(), let bottom = points.map(\.y).max()
        else { return }
        for y in max(0, Int(top - margin))..<max(0, min(height, Int(bottom + margin) + 1)) {
            for x in max(0, Int(left - margin))..<max(0, min(width, Int(right + margin) + 1)) {
                let middle = (x: Double(x) + 0.5, y: Double(y) + 0.5)
                var distance = Double.infinity
                for (start, end) in zip(points, points.dropFirst()) {
                    distance = min(distance, Self.distance(from: middle, start, end))
                }
                blend(x: x, y: y, style.color, coverage: style.radius + 0.5 - distance)
            }
        }
    }

    private static func distance(
        from point: StrokeFont.Point, _ start: StrokeFont.Point, _ end: StrokeFont.Point
    ) -> Double {
        let (x, y) = (end.x - start.x, end.y - start.y)
        let length = x * x + y * y
        let share =
            length > 0
            ? max(0, min(1, ((point.x - start.x) * x + (point.y - start.y) * y) / length)) : 0
        let (dx, dy) = (point.x - start.x - share * x, point.y - start.y - share * y)
        return (dx * dx + dy * dy).squareRoot()
    }

    private mutating func blend(x: Int, y: Int, _ color: Color, coverage: Double) {
        guard coverage > 0, (0..<width).contains(x), (0..<height).contains(y) else { return }
        let (place, share) = (3 * (y * width + x), Float(min(1, coverage)))
        let before = Self.color(pixels, place)
        let mixed = before + (color - before) * share
        for channel in 0..<3 { pixels[place + channel] = UInt8(mixed[channel].rounded()) }
    }
}
