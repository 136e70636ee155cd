public import Models
import Preprocessing
import Shards

/// Takes the pixels of a clip through the frozen encoder, each distinct frame once.
public struct FrameEncoder: Sendable {
    private let transformer: VisionTransformer
    private let normalization: PixelNormalization
    private let tokens: TokenSelection

    /// Tokens kept of a frame, L.
    var numTokens: Int { tokens.count(gridSize: transformer.gridSize) }
    /// Width of a token, D.
    var hiddenSize: Int { transformer.hiddenSize }
    /// Floating-point operations that one frame costs.
    var flopsPerFrame: Int { transformer.flopsPerFrame }

    /// Loads the encoder's weights.
    /// - Throws: `ModelError` if a tensor is missing, has another shape or is not finite.
    public init(
        model: ModelDirectory, precision: VisionPrecision, tokens: TokenSelection = .all
    ) throws(ModelError) {
        self.tokens = tokens
        transformer = try model.makeVisionTransformer(precision: precision)
        normalization = PixelNormalization(model.imageProcessor)
    }

    /// The features of one clip and how many frames had to be encoded.
    /// - Parameters:
    ///   - pixels: UInt8 (C, T, H, W) before normalisation, H = W = the encoder's image size.
    ///   - numFrames: T.
    /// - Returns: Float32 (T, L, D), `last_hidden_state` after the final layer norm.
    public func features(
        of pixels: Span<UInt8>, numFrames: Int
    ) -> (values: [Float], encodedFrames: Int) {
        let frames = (0..<numFrames).map { interleavedFrame($0, of: pixels, numFrames: numFrames) }
        var distinct: [[UInt8]] = []
        let indices = frames.map { frame in
            if let known = distinct.firstIndex(of: frame) { return known }
            distinct.append(frame)
            return distinct.count - 1
        }
        return (encode(distinct, order: indices), distinct.count)
    }

    /// The features of one stored clip and how many frames had to be encoded.
    ///
    /// `pixels` are (C, T, H, W), UInt8 before normalisation or normalised values.
    func features(of pixels: NPYArray, numFrames: Int) -> (values: [Float], encodedFrames: Int) {
        switch pixels.elementType {
        case .uint8:
            return pixels.withElements { features(of: $0, numFrames: numFrames) }
        case .float16, .float32:
            let values = features(ofNormalized: pixels.floatValues(), numFrames: numFrames)
            return (values, numFrames)
        }
    }

    /// The features of a clip whose pixels are normalised already.
    /// - Parameters:
    ///   - values: Float32 (C, T, H, W), H = W = the encoder's image size.
    ///   - numFrames: T.
    /// - Returns: Float32 (T, L, D), `last_hidden_state` after the final layer norm.
    public func features(ofNormalized values: [Float], numFrames: Int) -> [Float] {
        let plane = transformer.imageSize * transformer.imageSize
        var input: [Float] = []
        input.reserveCapacity(values.count)
        for frame in 0..<numFrames {
            for channel in 0..<3 {
                let start = (channel * numFrames + frame) * plane
                input += values[start..<start + plane]
            }
        }
        return encode(input, numFrames: numFrames)
    }

    /// One frame as (C, H, W).
    private func interleavedFrame(
        _ frame: Int, of pixels: Span<UInt8>, numFrames: Int
    ) -> [UInt8] {
        let plane = transformer.imageSize * transformer.imageSize
        return [UInt8](unsafeUninitializedCapacity: 3 * plane) { buffer, count in
            for channel in 0..<3 {
                let start = (channel * numFrames + frame) * plane
                pixels.extracting(start..<start + plane).withUnsafeBufferPointer { source in
                    _ = buffer[(channel * plane)...].update(fromContentsOf: source)
                }
            }
            count = 3 * plane
        }
    }

    private func encode(_ distinct: [[UInt8]], order: [Int]) -> [Float] {
        let plane = 3 * transformer.imageSize * transformer.imageSize
        var input: [Float] = []
        input.reserveCapacity(distinct.count * plane)
        var normalized = [Float](repeating: 0, count: plane)
        for frame in distinct {
            var span = normalized.mutableSpan
            normalization.normalize(frame.span, into: &span)
            input += normalized
        }
        let encoded = encode(input, numFrames: distinct.count)
        if order == Array(distinct.indices) { return encoded }
        let count = numTokens * hiddenSize
        return order.flatMap { encoded[$0 * count..<($0 + 1) * count] }
    }

    private func encode(_ input: [Float], numFrames: Int) -> [Float] {
        var features = [Float](
            repeating: 0, count: numFrames * transformer.numTokens * hiddenSize)
        var span = features.mutableSpan
        transformer.encode(pixelValues: input.span, numFrames: numFrames, into: &span)
        return tokens == .all ? features : select(features, numFrames: numFrames)
    }

    private func select(_ features: [Float], numFrames: Int) -> [Float] {
        let count = transformer.numTokens * hiddenSize
        var frameTokens = [Float](repeating: 0, count: numTokens * hiddenSize)
        return (0..<numFrames).flatMap { frame in
            var target = frameTokens.mutableSpan
            tokens.select(
                features.span.extracting(frame * count..<(frame + 1) * count),
                gridSize: transformer.gridSize, into: &target)
            return frameTokens
        }
    }
}

extension PixelNormalization {
    /// What a model's image processor does.
    init(_ configuration: ImageProcessorConfiguration) {
        self.init(
            imageMean: configuration.imageMean, imageStd: configuration.imageStd,
            rescaleFactor: configuration.rescaleFactor)
    }
}
