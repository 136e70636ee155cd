/// Resizes the rows of an RGB picture, one of the two passes of ``BicubicResize``.
///
/// A vector holds two neighbouring pixels, six Int32 lanes and two that count for nothing; it is
/// multiplied by a vector of their weights, made beforehand. Four rows share each load of weights.
/// Eight bytes are read for the six of a pixel pair, so the last rows are read from a padded copy.
struct HorizontalPass: Sendable {
    /// Rows that are resized together.
    private static let blockHeight = 4
    /// Bytes that may be read beyond the end of a row: one pixel of an odd tap count and the idle
    /// lanes.
    private static let overread = 3 + 2

    /// Bytes from one output row to the next: one more than the row has, since each pixel is stored
    /// together with the byte after it.
    let outputStride: Int
    /// Bytes of the output: rows rounded up to whole blocks.
    let outputCount: Int

    private let height: Int
    private let sourceStride: Int
    /// Byte at which the taps of each output pixel start in a source row.
    private let starts: [Int]
    /// Number of weight pairs of each output pixel.
    private let pairCounts: [Int]
    private let maxPairCount: Int
    /// (output pixels, maxPairCount), each w₀ w₀ w₀ w₁ w₁ w₁ 0 0.
    private let pairs: [SIMD8<Int32>]

    /// Brings rows of `width` pixels to `extent`, of which only `columns` are computed.
    init(width: Int, height: Int, extent: Int, columns: Range<Int>) {
        let outputWidth = columns.count
        let weights = BicubicWeights(inputCount: width, outputCount: extent, outputs: columns)
        let maxPairCount = (weights.maxTapCount + 1) / 2
        var pairs = [SIMD8<Int32>](repeating: .zero, count: outputWidth * maxPairCount)
        for output in 0..<outputWidth {
            for tap in 0..<weights.tapCounts[output] {
                for lane in (tap % 2 * 3)..<(tap % 2 * 3 + 3) {
                    pairs[output * maxPairCount + tap / 2][lane] =
                        weights.values[output * weights.maxTapCount + tap]
                }
            }
        }
        self.height = height
        self.sourceStride = width * 3
        self.starts = weights.starts.map { $0 * 3 }
        self.pairCounts = weights.tapCounts.map { ($0 + 1) / 2 }
        self.maxPairCount = maxPairCount
        self.pairs = pairs
        let blockCount = (height + Self.blockHeight - 1) / Self.blockHeight
        outputStride = outputWidth * 3 + 1
        outputCount = blockCount * Self.blockHeight * outputStride
    }

    /// Resizes every row of `source`.
    ///
    /// - Precondition: `source.count == height * width * 3`, `output.count == outputCount`.
    /// - Parameters:
    ///   - source: UInt8 (height, width, 3).
    ///   - output: UInt8 rows of `outputStride` bytes, each (outputWidth, 3) and a byte of any
    ///     value.
    func run(_ source: Span<UInt8>, into output: inout [UInt8]) {
        precondition(source.count == height * sourceStride && output.count == outputCount)
        unsafe source.withUnsafeBytes { source in
            unsafe output.withUnsafeMutableBytes { output in
                for row in stride(from: 0, to: height, by: Self.blockHeight) {
                    let block = unsafe UnsafeRawBufferPointer(
                        rebasing: source[(row * sourceStride)...])
                    let target = unsafe UnsafeMutableRawBufferPointer(
                        rebasing: output[(row * outputStride)...])
                    if block.count >= Self.blockHeight * sourceStride + Self.overread {
                        unsafe resizeBlock(block, into: target)
                    } else {
                        unsafe withPaddedCopy(of: block) { unsafe resizeBlock($0, into: target) }
                    }
                }
            }
        }
    }

    /// Lends a copy of the rows of `block`, with zeros up to a whole block and its overread.
    private func withPaddedCopy(
        of block: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Void
    ) {
        let rows = unsafe block.prefix(Self.blockHeight * sourceStride)
        var padded = unsafe [UInt8](rows)
        let padding = Self.blockHeight * sourceStride + Self.overread - padded.count
        padded.append(contentsOf: repeatElement(0, count: padding))
        unsafe padded.withUnsafeBytes { unsafe body($0) }
    }

    /// Resizes four rows.
    ///
    /// Every load lies in `source`: taps end at the end of a row at most, and `overread` bytes
    /// follow.
    private func resizeBlock(
        _ source: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
    ) {
        precondition(
            source.count >= Self.blockHeight * sourceStride + Self.overread
                && output.count >= Self.blockHeight * outputStride)
        guard let source = source.baseAddress, let output = output.baseAddress else { return }
        let starts = starts.span
        let pairCounts = pairCounts.span
        let pairs = pairs.span
        let term = BicubicWeights.roundingTerm
        let half = SIMD8<Int32>(term, term, term, 0, 0, 0, 0, 0)
        for pixel in 0..<starts.count {
            var row0 = half
            var row1 = half
            var row2 = half
            var row3 = half
            let firstPair = pixel &* maxPairCount
            var taps = unsafe source + starts[unchecked: pixel]
            for pair in firstPair..<(firstPair &+ (unsafe pairCounts[unchecked: pixel])) {
                let weights = unsafe pairs[unchecked: pair]
                unsafe row0 &+= widened(taps) &* weights
                unsafe row1 &+= widened(taps + sourceStride) &* weights
                unsafe row2 &+= widened(taps + 2 &* sourceStride) &* weights
                unsafe row3 &+= widened(taps + 3 &* sourceStride) &* weights
                unsafe taps += 6
            }
            let target = unsafe output + pixel &* 3
            unsafe target.storeBytes(of: pixelValue(ofPair: row0), as: SIMD4<UInt8>.self)
            unsafe (target + outputStride).storeBytes(
                of: pixelValue(ofPair: row1), as: SIMD4<UInt8>.self)
            unsafe (target + 2 &* outputStride)
                .storeBytes(of: pixelValue(ofPair: row2), as: SIMD4<UInt8>.self)
            unsafe (target + 3 &* outputStride)
                .storeBytes(of: pixelValue(ofPair: row3), as: SIMD4<UInt8>.self)
        }
    }
}
