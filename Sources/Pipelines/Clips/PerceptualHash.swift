/// What the sampled frames of a clip look like, in 64 bits a frame; near-duplicates have near hashes.
///
/// The difference hash: a frame is averaged to 9 × 8 grey cells, and each bit says whether a cell is
/// brighter than its left neighbour. It survives scaling, re-encoding and changes of brightness.
/// Source: Krawetz, "Kind of Like That", 2013.
public struct PerceptualHash: Sendable, Hashable {
    /// One hash a frame, T.
    public let frames: [UInt64]

    /// The hash of UInt8 pixels (C, T, H, W), C = 3, H = W = `size` ≥ 1.
    init(pixels: Span<UInt8>, numFrames: Int, size: Int) {
        frames = (0..<numFrames).map { frame in
            let cells = Self.greyCells(pixels, frame: frame, numFrames: numFrames, size: size)
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
    /// - Returns: `nil` if `text` is not 16 hex digits a frame.
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

    /// The mean number of bits in which the frames differ, 0…64; `nil` for other numbers of frames.
    func distance(to other: PerceptualHash) -> Double? {
        guard frames.count == other.frames.count else { return nil }
        let bits = zip(frames, other.frames).reduce(0) { $0 + ($1.0 ^ $1.1).nonzeroBitCount }
        return Double(bits) / Double(frames.count)
    }

    /// The sums of the channels over 9 × 8 cells of the picture, as means ×8.
    ///
    /// The rounding down keeps noise in flat areas from becoming bits.
    private static func greyCells(
        _ pixels: Span<UInt8>, frame: Int, numFrames: Int, size: Int
    ) -> [Int] {
        var sums = [Int](repeating: 0, count: 72)
        var lineSum = [UInt32](repeating: 0, count: size)
        let columns = (0...9).map { $0 * size / 9 }
        for channel in 0..<3 {
            let plane = (channel * numFrames + frame) * size * size
            for row in 0..<8 {
                let lines = row * size / 8..<(row + 1) * size / 8
                for x in lineSum.indices { lineSum[x] = 0 }
                for y in lines {
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
            let height = (row + 1) * size / 8 - row * size / 8
            let width = columns[column + 1] - columns[column]
            return sums[cell] / max(1, 3 * width * height)
        }
    }
}

extension PerceptualHash: CustomStringConvertible {
    /// 16 hex digits a frame.
    public var description: String {
        frames.map { hash in
            let digits = String(hash, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}
