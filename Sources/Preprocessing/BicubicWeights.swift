/// Fixed-point weights of bicubic resampling along one side of a picture.
///
/// Output position `i` is the sum of `values[i * maxTapCount + t] * input[starts[i] + t]` over the
/// taps `t` in `0..<tapCounts[i]`, rounded by ``roundingTerm`` and shifted right by
/// ``precisionBits``. Weights of one output add up to 1 up to rounding; taps beyond `tapCounts[i]`
/// have weight 0.
///
/// A side that keeps its length gets a single weight of exactly 1 per output, the others being 0,
/// so that the pass Pillow leaves out is the identity here.
///
/// Source: Pillow `src/libImaging/Resample.c`, `precompute_coeffs` and `normalize_coeffs_8bpc`.
struct BicubicWeights: Sendable {
    /// Fractional bits of a weight: 32 minus 8 for the pixel and 2 for the overshoot of the filter.
    static let precisionBits: Int32 = 32 - 8 - 2
    /// One half in fixed point.
    static let roundingTerm: Int32 = 1 << (precisionBits - 1)

    /// First input position of each output.
    let starts: [Int]
    /// Number of input positions of each output, at least 1.
    let tapCounts: [Int]
    /// Largest element of `tapCounts`.
    let maxTapCount: Int
    /// Int32 (outputs, maxTapCount), fixed point with `precisionBits` fractional bits.
    let values: [Int32]

    /// Computes the weights that bring `inputCount` samples to `outputCount`, of which only
    /// `outputs` are wanted; all if `nil`.
    ///
    /// - Precondition: both counts are positive, and `outputs` lie in `0..<outputCount`.
    init(inputCount: Int, outputCount: Int, outputs: Range<Int>? = nil) {
        let outputs = outputs ?? 0..<outputCount
        precondition(
            inputCount > 0 && outputCount > 0 && 0 <= outputs.lowerBound
                && outputs.upperBound <= outputCount,
            "cannot resize \(inputCount) to \(outputs) of \(outputCount) samples")
        let scale = Double(inputCount) / Double(outputCount)
        let filterScale = max(scale, 1)
        let support = 2 * filterScale

        let windows = outputs.map { output in
            let center = (Double(output) + 0.5) * scale
            let start = max(Int(center - support + 0.5), 0)
            let end = min(Int(center + support + 0.5), inputCount)
            return (center: center, taps: start..<end)
        }
        let maxTapCount = windows.reduce(0) { max($0, $1.taps.count) }

        var values = [Int32](repeating: 0, count: outputs.count * maxTapCount)
        for (output, window) in windows.enumerated() {
            let weights = window.taps.map { tap in
                Self.bicubic((Double(tap) - window.center + 0.5) * (1 / filterScale))
            }
            let sum = weights.reduce(0, +)
            for (tap, weight) in weights.enumerated() {
                values[output * maxTapCount + tap] = Self.fixedPoint(weight / sum)
            }
        }
        self.starts = windows.map(\.taps.lowerBound)
        self.tapCounts = windows.map(\.taps.count)
        self.maxTapCount = maxTapCount
        self.values = values
    }

    /// The cubic convolution kernel with a = -0.5, zero from a distance of 2 on.
    ///
    /// Source: Keys, Cubic Convolution Interpolation for Digital Image Processing (1981);
    /// `bicubic_filter` in Pillow's `Resample.c`.
    private static func bicubic(_ distance: Double) -> Double {
        let a = -0.5
        let x = abs(distance)
        if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
        if x < 2 { return (((x - 5) * x + 8) * x - 4) * a }
        return 0
    }

    /// The nearest fixed-point number, halves away from zero.
    private static func fixedPoint(_ weight: Double) -> Int32 {
        let scaled = weight * Double(1 << precisionBits)
        return Int32(scaled < 0 ? scaled - 0.5 : scaled + 0.5)
    }
}
