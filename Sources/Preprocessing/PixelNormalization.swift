/// Maps UInt8 pixels to the float32 values a vision model takes: `(x * rescaleFactor - mean) /
/// std`.
///
/// The product is formed in float64 and rounded to float32, difference and quotient are float32. A
/// table of the 256 possible results per channel makes this exact at the price of one load per
/// pixel.
///
/// Source: `BlipImageProcessorPil` of transformers, `rescale` and `normalize` in
/// `image_transforms.py`.
public struct PixelNormalization: Sendable {
    /// Number of channels, C.
    public let channelCount: Int

    /// (C, 256).
    private let table: [Float]

    /// Prepares the table of a model's image processor.
    ///
    /// - Precondition: `imageMean` and `imageStd` have the same number of elements, at least 1.
    /// - Parameters:
    ///   - imageMean: Float32 (C); mean of each channel after rescaling.
    ///   - imageStd: Float32 (C); standard deviation of each channel after rescaling, not 0.
    ///   - rescaleFactor: 1/255 as the float64 that `preprocessor_config.json` holds. A factor that
    ///     went through float32 gives other bits.
    public init(imageMean: [Float], imageStd: [Float], rescaleFactor: Double = 1.0 / 255.0) {
        precondition(
            !imageMean.isEmpty && imageMean.count == imageStd.count,
            "\(imageMean.count) means and \(imageStd.count) standard deviations")
        channelCount = imageMean.count
        table = zip(imageMean, imageStd).flatMap { mean, std in
            (0..<256).map { (Float(Double($0) * rescaleFactor) - mean) / std }
        }
    }

    /// Normalises the planar `pixels`.
    ///
    /// - Precondition: `pixels.count` is a multiple of `channelCount`, `values.count ==
    ///   pixels.count`.
    /// - Parameters:
    ///   - pixels: UInt8 (C, …), the same number of pixels in every channel.
    ///   - values: Float32 (C, …); every element is written.
    public func normalize(_ pixels: Span<UInt8>, into values: inout MutableSpan<Float>) {
        precondition(
            pixels.count % channelCount == 0 && values.count == pixels.count,
            "\(pixels.count) pixels of \(channelCount) channels do not make \(values.count) values")
        let channelLength = pixels.count / channelCount
        for channel in 0..<channelCount {
            let channelTable = table.span.extracting((channel * 256)..<((channel + 1) * 256))
            for index in (channel * channelLength)..<((channel + 1) * channelLength) {
                let pixel = unsafe Int(pixels[unchecked: index])
                unsafe values[unchecked: index] = channelTable[unchecked: pixel]
            }
        }
    }
}
