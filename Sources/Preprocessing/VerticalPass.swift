/// Resizes the columns of a picture, one of the two passes of ``BicubicResize``.
///
/// Channels need no distinction here: each output row is a weighted sum of whole rows.
struct VerticalPass: Sendable {
    /// Bytes of a row that are summed together; those left over at its end are summed one by one.
    private static let chunk = 32

    /// Bytes from one row to the next, in the source and in the output.
    let rowStride: Int

    private let weights: BicubicWeights
    private let height: Int

    /// Brings columns of `height` pixels to `extent`, of which only `rows` are computed.
    init(height: Int, extent: Int, rows: Range<Int>, rowStride: Int) {
        self.weights = BicubicWeights(inputCount: height, outputCount: extent, outputs: rows)
        self.height = height
        self.rowStride = rowStride
    }

    /// Resizes every column of `source`, whatever its bytes stand for.
    ///
    /// - Precondition: `source.count >= height * rowStride`, `output.count == outputHeight *
    ///   rowStride`.
    /// - Parameters:
    ///   - source: UInt8 (height, rowStride), rows beyond them are not read.
    ///   - output: UInt8 (outputHeight, rowStride).
    func run(_ source: Span<UInt8>, into output: inout [UInt8]) {
        precondition(
            source.count >= height * rowStride
                && output.count == weights.starts.count * rowStride)
        unsafe source.withUnsafeBytes { source in
            unsafe output.withUnsafeMutableBytes { output in
                guard let source = source.baseAddress, let output = output.baseAddress else {
                    return
                }
                for (row, start) in weights.starts.enumerated() {
                    unsafe resizeRow(
                        row, source + start * rowStride, into: output + row * rowStride)
                }
            }
        }
    }

    /// Sums the source rows from `source` on that make output row `row`.
    private func resizeRow(
        _ row: Int, _ source: UnsafeRawPointer, into output: UnsafeMutableRawPointer
    ) {
        let start = row * weights.maxTapCount
        let taps = weights.values.span.extracting(start..<(start + weights.tapCounts[row]))
        let half = SIMD8(repeating: BicubicWeights.roundingTerm)
        let wholeChunks = rowStride - rowStride % Self.chunk
        for column in stride(from: 0, to: wholeChunks, by: Self.chunk) {
            var sum0 = half
            var sum1 = half
            var sum2 = half
            var sum3 = half
            var pixels = unsafe source + column
            for tap in 0..<taps.count {
                let weight = unsafe SIMD8(repeating: taps[unchecked: tap])
                unsafe sum0 &+= widened(pixels) &* weight
                unsafe sum1 &+= widened(pixels + 8) &* weight
                unsafe sum2 &+= widened(pixels + 16) &* weight
                unsafe sum3 &+= widened(pixels + 24) &* weight
                unsafe pixels += rowStride
            }
            let target = unsafe output + column
            unsafe target.storeBytes(of: pixelValues(sum0), as: SIMD8<UInt8>.self)
            unsafe (target + 8).storeBytes(of: pixelValues(sum1), as: SIMD8<UInt8>.self)
            unsafe (target + 16).storeBytes(of: pixelValues(sum2), as: SIMD8<UInt8>.self)
            unsafe (target + 24).storeBytes(of: pixelValues(sum3), as: SIMD8<UInt8>.self)
        }
        for column in wholeChunks..<rowStride {
            var sum = BicubicWeights.roundingTerm
            for tap in 0..<taps.count {
                let pixel = unsafe source.load(
                    fromByteOffset: column &+ tap &* rowStride, as: UInt8.self)
                unsafe sum &+= Int32(pixel) &* taps[unchecked: tap]
            }
            unsafe output.storeBytes(
                of: UInt8(clamping: sum >> BicubicWeights.precisionBits), toByteOffset: column,
                as: UInt8.self)
        }
    }
}
