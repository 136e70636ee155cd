import Foundation

/// Resizes RGB pictures of one size to a square, bit for bit as Pillow's `Image.resize((size, size), BICUBIC)`.
///
/// Two passes over uint8 with fixed-point weights of 22 bits, horizontal first; a pass whose side keeps its length is left
/// out. Make one per picture size and reuse it: weights and scratch memory are kept. Not for use by two threads at once.
///
/// Source: Pillow, `Resample.c` (bicubic with a = -0.5, support widened when shrinking).
public struct BicubicResize {
    public let sourceWidth: Int
    public let sourceHeight: Int
    /// Height and width of the result.
    public let size: Int

    private let columns: ResampleWeights
    private let rows: ResampleWeights
    /// Source rows that the vertical pass reads.
    private let neededRows: Range<Int>
    /// The horizontal pass's result: planar UInt8 (3, needed rows, size).
    private var narrowed: [UInt8]
    /// One channel of a source row, widened: Int32 (sourceWidth).
    private var planarRow: [Int32]

    /// - Precondition: all sides are at least 1.
    public init(sourceWidth: Int, sourceHeight: Int, size: Int) {
        precondition(sourceWidth > 0 && sourceHeight > 0 && size > 0)
        self.sourceWidth = sourceWidth
        self.sourceHeight = sourceHeight
        self.size = size
        columns = ResampleWeights(sourceCount: sourceWidth, targetCount: size)
        rows = ResampleWeights(sourceCount: sourceHeight, targetCount: size)
        neededRows = rows.sourceRange
        narrowed = [UInt8](repeating: 0, count: 3 * neededRows.count * size)
        planarRow = [Int32](repeating: 0, count: sourceWidth)
    }

    /// Resizes one picture and writes it to each of `slots` of a clip.
    /// - Precondition: `source.count == sourceHeight * sourceWidth * 3`, `clip.count == 3 * numFrames * size * size`,
    ///   every slot is in 0..<`numFrames`.
    /// - Parameters:
    ///   - source: UInt8 (H, W, 3), row-major.
    ///   - clip: UInt8 (3, T, size, size), T = `numFrames`.
    public mutating func resize(
        _ source: Span<UInt8>, into clip: inout MutableSpan<UInt8>, slots: [Int], numFrames: Int
    ) {
        precondition(source.count == sourceHeight * sourceWidth * 3)
        precondition(clip.count == 3 * numFrames * size * size)
        precondition(slots.allSatisfy { 0..<numFrames ~= $0 })
        guard let first = slots.first else { return }
        narrow(source)
        let plane = size * size
        for channel in 0..<3 {
            let target = (channel * numFrames + first) * plane
            flatten(channel: channel, into: &clip, at: target)
            for slot in slots.dropFirst() {
                let copy = (channel * numFrames + slot) * plane
                for index in 0..<plane { clip[copy + index] = clip[target + index] }
            }
        }
    }

    /// Horizontal pass over the rows that are needed.
    private mutating func narrow(_ source: Span<UInt8>) {
        // Out of `self` while they change, so that the weights stay readable.
        var narrowed: [UInt8] = []
        var planarRow: [Int32] = []
        swap(&narrowed, &self.narrowed)
        swap(&planarRow, &self.planarRow)
        var target = narrowed.mutableSpan
        for (row, sourceRow) in neededRows.enumerated() {
            let start = 3 * sourceWidth * sourceRow
            let pixels = source.extracting(start..<start + 3 * sourceWidth)
            for channel in 0..<3 {
                let offset = (channel * neededRows.count + row) * size
                if columns.isIdentity {
                    for index in 0..<size { target[offset + index] = pixels[3 * index + channel] }
                } else {
                    var planar = planarRow.mutableSpan
                    for index in 0..<sourceWidth { planar[index] = Int32(pixels[3 * index + channel]) }
                    columns.narrow(planarRow.span, into: &target, at: offset)
                }
            }
        }
        swap(&narrowed, &self.narrowed)
        swap(&planarRow, &self.planarRow)
    }

    /// Vertical pass over one plane.
    private func flatten(channel: Int, into clip: inout MutableSpan<UInt8>, at offset: Int) {
        let plane = narrowed.span.extracting(
            channel * neededRows.count * size..<(channel + 1) * neededRows.count * size)
        for row in 0..<size {
            let start = offset + row * size
            if rows.isIdentity {
                for index in 0..<size { clip[start + index] = plane[row * size + index] }
            } else {
                rows.blend(
                    row, of: plane, firstRow: neededRows.lowerBound, width: size, into: &clip,
                    at: start)
            }
        }
    }
}

/// The fixed-point weights of one direction: for each target position a run of source positions.
struct ResampleWeights: Sendable {
    /// Bits after the binary point: products of uint8 and weights sum up within 32 bits.
    private static let precisionBits: Int32 = 32 - 8 - 2
    private static let half: Int32 = 1 << (precisionBits - 1)

    let isIdentity: Bool
    /// First source position of each target position.
    private let starts: [Int]
    /// Weights per target position, padded with zeros.
    private let taps: Int
    private let counts: [Int]
    private let weights: [Int32]

    /// The source positions that carry weight.
    let sourceRange: Range<Int>

    init(sourceCount: Int, targetCount: Int) {
        isIdentity = sourceCount == targetCount
        let scale = Double(sourceCount) / Double(targetCount)
        let filterScale = max(scale, 1)
        let support = 2 * filterScale
        taps = Int(support.rounded(.up)) * 2 + 1
        var starts: [Int] = []
        var counts: [Int] = []
        var weights: [Int32] = []
        for target in 0..<targetCount {
            let center = (Double(target) + 0.5) * scale
            // Truncation after adding one half, as in C.
            let first = max(0, Int(center - support + 0.5))
            let end = min(sourceCount, Int(center + support + 0.5))
            var run = (first..<end).map { position in
                Self.bicubic((Double(position) - center + 0.5) * (1 / filterScale))
            }
            let sum = run.reduce(0, +)
            if sum != 0 { run = run.map { $0 / sum } }
            starts.append(first)
            counts.append(run.count)
            weights += run.map(Self.fixedPoint)
            weights += repeatElement(0, count: taps - run.count)
        }
        self.starts = starts
        self.counts = counts
        self.weights = weights
        if isIdentity {
            sourceRange = 0..<sourceCount
        } else {
            sourceRange = starts[0]..<starts[targetCount - 1] + counts[targetCount - 1]
        }
    }

    private static func bicubic(_ distance: Double) -> Double {
        let a = -0.5
        let x = abs(distance)
        if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
        if x < 2 { return (((x - 5) * x + 8) * x - 4) * a }
        return 0
    }

    private static func fixedPoint(_ weight: Double) -> Int32 {
        let scaled = weight * Double(1 << precisionBits)
        return Int32(scaled < 0 ? scaled - 0.5 : scaled + 0.5)
    }

    private static func clip(_ sum: Int32) -> UInt8 {
        UInt8(truncatingIfNeeded: min(max(sum >> precisionBits, 0), 255))
    }

    /// Resamples one row.
    /// - Parameters:
    ///   - source: The row's values 0…255.
    ///   - target: One value per target position is written from `offset` on.
    func narrow(
        _ source: Span<Int32>, into target: inout MutableSpan<UInt8>, at offset: Int
    ) {
        let weights = weights.span
        for index in 0..<starts.count {
            let count = counts[index]
            let pixels = source.extracting(starts[index]..<starts[index] + count)
            let run = weights.extracting(index * taps..<index * taps + count)
            var sum = Self.half
            for tap in 0..<count { sum &+= pixels[tap] &* run[tap] }
            target[offset + index] = Self.clip(sum)
        }
    }

    /// Blends rows of a plane into target row `row`.
    /// - Parameters:
    ///   - plane: UInt8 rows of `width`, the first of which is source row `firstRow`.
    ///   - target: `width` values are written from `offset` on.
    func blend(
        _ row: Int, of plane: Span<UInt8>, firstRow: Int, width: Int,
        into target: inout MutableSpan<UInt8>, at offset: Int
    ) {
        typealias Lanes = SIMD16<Int32>
        var column = 0
        while column < width {
            let lanes = min(Lanes.scalarCount, width - column)
            var sum = Lanes(repeating: Self.half)
            for tap in 0..<counts[row] {
                let start = (starts[row] + tap - firstRow) * width + column
                let line = plane.extracting(start..<start + lanes)
                var values = SIMD16<UInt8>.zero
                if lanes == Lanes.scalarCount {
                    values = unsafe line.bytes.unsafeLoadUnaligned(as: SIMD16<UInt8>.self)
                } else {
                    for lane in 0..<lanes { values[lane] = line[lane] }
                }
                sum &+= Lanes(truncatingIfNeeded: values) &* weights[row * taps + tap]
            }
            let clipped = SIMD16<UInt8>(
                truncatingIfNeeded: (sum &>> Self.precisionBits).clamped(
                    lowerBound: .zero, upperBound: Lanes(repeating: 255)))
            for lane in 0..<lanes { target[offset + column + lane] = clipped[lane] }
            column += Lanes.scalarCount
        }
    }
}
