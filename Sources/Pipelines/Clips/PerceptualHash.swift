/// What the sampled frames of a clip look like, 64 bits per frame; look-alikes have similar hashes.
///
/// The difference hash: a frame is averaged to 9 × 8 grey cells, and each bit says whether a cell
/// is brighter than its left neighbour. It survives scaling, re-encoding and changes of brightness,
/// and black bars are left out.
/// Source: Krawetz, "Kind of Like That", 2013.
public struct PerceptualHash: Sendable, Hashable {
    /// One hash per frame, T.
    public let frames: [UInt64]

    /// The hash of UInt8 pixels (C, T, H, W), C = 3, H = W = `size` ≥ 1.
    init(pixels: Span<UInt8>, numFrames: Int, size: Int) {
        let picture = Self.pictureInsideBars(pixels, size: size)
        frames = (0..<numFrames).map { frame in
            let cells = Self.greyCells(
                pixels, frame: frame, numFrames: numFrames, size: size, picture)
            var hash: UInt64 = 0
            for row in 0..<8 {
                for column in 0..<8 {
                    let isBrighter = cells[row * 9 + column + 1] > cells[row * 9 + column]
                    hash = hash << 1 | (isBrighter ? 1 : 0)
                }
            }
            return hash
        }
    }

    /// Reads the form that `description` writes.
    /// - Returns: `nil` if `text` is not 16 hex digits per frame.
    public init?(_ text: String) {
        let digits = Array(text.utf8)
        guard digits.count.isMultiple(of: 16), !digits.isEmpty else { return nil }
        var frames: [UInt64] = []
        for start in stride(from: 0, to: digits.count, by: 16) {
            let part = String(decoding: digits[start..<start + 16], as: UTF8.self)
            guard let hash = UInt64(part, radix: 16) else { return nil }
            frames.append(hash)
        }
        self.frames = frames
    }

    /// Whether there is anything to compare; pictures of one colour all look alike.
    var isInformative: Bool { frames.contains { $0.nonzeroBitCount >= 8 } }

    /// Rows and columns of the picture, without black bars at its edges.
    ///
    /// A bar is dark in all frames; a picture that is mostly dark has none.
    private static func pictureInsideBars(
        _ pixels: Span<UInt8>, size: Int
    ) -> (rows: Range<Int>, columns: Range<Int>) {
        // The brightest value of each row and of each column, in all frames.
        var rows = [UInt8](repeating: 0, count: size)
        var columns = rows
        for line in 0..<pixels.count / size {
            let values = pixels.extracting(line * size..<(line + 1) * size)
            var brightest = rows[line % size]
            for x in columns.indices {
                brightest = max(brightest, values[x])
                columns[x] = max(columns[x], values[x])
            }
            rows[line % size] = brightest
        }
        func bounds(_ brightest: [UInt8]) -> Range<Int> {
            let start = brightest.firstIndex { $0 > darkest } ?? 0
            let end = brightest.lastIndex { $0 > darkest } ?? size - 1
            let isPicture = end + 1 - start >= size / 2 && end + 1 - start >= 9
            return isPicture ? start..<end + 1 : 0..<size
        }
        return (bounds(rows), bounds(columns))
    }

    /// The brightest that a channel of a bar may be; limited range and noise make it more than 0.
    private static let darkest: UInt8 = 24

    /// The means of all channels over 9 × 8 cells of the picture, row by row.
    ///
    /// The rounding down keeps noise in flat areas from becoming bits.
    private static func greyCells(
        _ pixels: Span<UInt8>, frame: Int, numFrames: Int, size: Int,
        _ picture: (rows: Range<Int>, columns: Range<Int>)
    ) -> [Int] {
        let (rows, width) = (picture.rows, picture.columns.count)
        var sums = [Int](repeating: 0, count: 72)
        var lineSum = [UInt32](repeating: 0, count: size)
        let columns = (0...9).map { picture.columns.lowerBound + $0 * width / 9 }
        let lines = (0...8).map { rows.lowerBound + $0 * rows.count / 8 }
        for channel in 0..<3 {
            let plane = (channel * numFrames + frame) * size * size
            for row in 0..<8 {
                for x in lineSum.indices { lineSum[x] = 0 }
                for y in lines[row]..<lines[row + 1] {
                    let line = pixels.extracting(plane + y * size..<plane + (y + 1) * size)
                    for x in lineSum.indices { lineSum[x] &+= UInt32(line[x]) }
                }
                for column in 0..<9 {
                    let cell = lineSum[columns[column]..<columns[column + 1]]
                    sums[row * 9 + column] += Int(cell.reduce(0, &+))
                }
            }
        }
        return (0..<72).map { cell in
            let (row, column) = (cell / 9, cell % 9)
            let height = lines[row + 1] - lines[row]
            let width = columns[column + 1] - columns[column]
            return sums[cell] / max(1, 3 * width * height)
        }
    }
}

extension PerceptualHash: CustomStringConvertible {
    /// 16 hex digits per frame.
    public var description: String {
        frames.map { hash in
            let digits = String(hash, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}
