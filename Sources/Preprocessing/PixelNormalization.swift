/// The map from stored uint8 pixels to model input: `(x * rescaleFactor - mean) / std` per channel.
///
/// A table of 256 values per channel, computed in Float32 with the reference's order of operations.
/// Source: transformers, `BlipImageProcessorPil` (rescale, then normalise).
public struct PixelNormalization: Sendable, Equatable {
    private let tables: [[Float]]

    /// - Precondition: three means and standard deviations.
    public init(imageMean: [Float], imageStd: [Float], rescaleFactor: Double) {
        precondition(imageMean.count == 3 && imageStd.count == 3)
        tables = zip(imageMean, imageStd).map { mean, std in
            (0..<256).map { (Float(Double($0) * rescaleFactor) - mean) / std }
        }
    }

    /// Normalises planar pixels.
    /// - Parameters:
    ///   - pixels: UInt8 (C, …) with C = 3, any number of elements per channel.
    ///   - values: Float32, as many elements as `pixels`; every element is written.
    public func normalize(_ pixels: Span<UInt8>, into values: inout MutableSpan<Float>) {
        precondition(pixels.count.isMultiple(of: 3) && values.count == pixels.count)
        let count = pixels.count / 3
        for channel in 0..<3 {
            let table = tables[channel]
            for index in channel * count..<(channel + 1) * count {
                values[index] = table[Int(pixels[index])]
            }
        }
    }
}
