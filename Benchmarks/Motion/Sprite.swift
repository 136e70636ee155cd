import Foundation

/// A digit to be drawn in white with a soft dark rim, so that it can be read on any background.
struct Sprite {
    private static let margin = 12
    private let side: Int
    /// How white a pixel is, 0…1 (side, side).
    private let opacity: [Float]
    /// How dark the rim is, 0…1 (side, side).
    private let rim: [Float]

    /// Adds the rim to a digit of `size` × `size` pixels.
    init(opacity: [Float], size: Int) {
        side = size + 2 * Self.margin
        let last = side - 1
        var padded = [Float](repeating: 0, count: side * side)
        for row in 0..<size {
            let start = (row + Self.margin) * side + Self.margin
            padded.replaceSubrange(
                start..<start + size, with: opacity[row * size..<(row + 1) * size])
        }
        self.opacity = padded
        let kernel = (-9...9).map { exp(-Float($0 * $0) / (2 * 3 * 3)) }
        let sum = kernel.reduce(0, +)
        rim = separable(padded, side: side) { line, center in
            (max(0, center - 3)...min(last, center + 3)).reduce(0) { max($0, line($1)) }
        }
        .blurred(side: side, kernel: kernel.map { $0 / sum })
    }

    /// Draws the digit with its top left corner at (`x`, `y`), between pixels if need be.
    func draw(on picture: inout [UInt8], pictureSize: Int, x: Float, y: Float) {
        let (left, top) = (x - Float(Self.margin), y - Float(Self.margin))
        let columns = max(0, Int(left))..<min(pictureSize, Int(left) + side + 2)
        let rows = max(0, Int(top))..<min(pictureSize, Int(top) + side + 2)
        for row in rows {
            for column in columns {
                let (sourceX, sourceY) = (Float(column) - left, Float(row) - top)
                let white = sample(opacity, sourceX, sourceY)
                let dark = 1 - 0.75 * sample(rim, sourceX, sourceY)
                for channel in 0..<3 {
                    let place = (row * pictureSize + column) * 3 + channel
                    let back = Float(picture[place]) * dark
                    picture[place] = UInt8(back * (1 - white) + 250 * white)
                }
            }
        }
    }

    /// The value of `plane` between pixels, 0 outside.
    private func sample(_ plane: [Float], _ x: Float, _ y: Float) -> Float {
        let (column, row) = (Int(x.rounded(.down)), Int(y.rounded(.down)))
        let (right, lower) = (x - Float(column), y - Float(row))
        func value(_ row: Int, _ column: Int) -> Float {
            0..<side ~= row && 0..<side ~= column ? plane[row * side + column] : 0
        }
        let upperLine = value(row, column) * (1 - right) + value(row, column + 1) * right
        let lowerLine = value(row + 1, column) * (1 - right) + value(row + 1, column + 1) * right
        return upperLine * (1 - lower) + lowerLine * lower
    }
}

/// Applies `body` to the pixels around each one along its row, then along its column.
private func separable(
    _ plane: [Float], side: Int, _ body: ((Int) -> Float, Int) -> Float
) -> [Float] {
    let rows = (0..<side * side).map { place in
        body({ plane[place / side * side + $0] }, place % side)
    }
    return (0..<side * side).map { place in
        body({ rows[$0 * side + place % side] }, place / side)
    }
}

extension [Float] {
    fileprivate func blurred(side: Int, kernel: [Float]) -> [Float] {
        let radius = kernel.count / 2
        return separable(self, side: side) { line, center in
            (Swift.max(0, center - radius)...Swift.min(side - 1, center + radius)).reduce(0) {
                $0 + line($1) * kernel[$1 - center + radius]
            }
        }
    }
}
