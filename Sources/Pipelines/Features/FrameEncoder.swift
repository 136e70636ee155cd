public import Models
import Preprocessing
public import Recipes
import Shards
import Tensors

/// Takes the pixels of frames through the frozen encoder, each distinct frame of a clip once.
public struct FrameEncoder: Sendable {
    private let transformer: VisionTransformer
    private let normalization: PixelNormalization
    private let tokens: TokenSelection

    /// Tokens kept of a frame, L.
    var numTokens: Int { tokens.count(gridSize: transformer.gridSize) }
    /// Width of a token, D.
    var hiddenSize: Int { transformer.hiddenSize }
    /// Height and width of a frame in pixels.
    var imageSize: Int { transformer.imageSize }
    /// Floating-point operations that one frame costs.
    var flopsPerFrame: Int { transformer.flopsPerFrame }

    /// Loads the encoder's weights.
    /// - Throws: as `ModelDirectory.makeVisionTransformer`.
    public init(model: ModelDirectory, recipe: FeatureRecipe) throws(ModelError) {
        tokens = recipe.tokens
        transformer = try model.makeVisionTransformer(
            precision: recipe.precision, bfloat16Blocks: recipe.bfloat16Blocks)
        normalization = PixelNormalization(model.imageProcessor)
    }

    /// The features of one clip and how many frames had to be encoded.
    /// - Parameters:
    ///   - pixels: UInt8 (C, T, H, W) before normalisation, H = W = the encoder's image size.
    ///   - numFrames: T.
    /// - Precondition: `pixels.count` is 3 · T · H · W.
    /// - Returns: Float32 (T, L, D), the kept tokens of `last_hidden_state`.
    public func features(
        of pixels: Span<UInt8>, numFrames: Int
    ) -> (values: [Float], encodedFrames: Int) {
        features(
            of: StoredFrame.frames(
                of: pixels, elementType: .uint8, numFrames: numFrames, imageSize: imageSize))
    }

    /// The features of a clip's frames, Float32 (T, L, D), and how many had to be encoded.
    func features(of clip: [StoredFrame]) -> (values: [Float], encodedFrames: Int) {
        var distinct = DistinctFrames()
        let order = distinct.add(clip)
        let frames = distinct.frames
        let values = mapInParallel(frames.count) { features(of: frames[$0]) }
        return (order.flatMap { values[$0] }, frames.count)
    }

    /// The features of one frame, Float32 (L, D), on the calling thread.
    func features(of frame: StoredFrame) -> [Float] {
        let values = normalization.pixelValues(of: frame)
        var features = [Float](repeating: 0, count: transformer.numTokens * hiddenSize)
        var span = features.mutableSpan
        transformer.encode(pixelValues: values.span, numFrames: 1, into: &span)
        guard tokens != .all else { return features }
        var kept = [Float](repeating: 0, count: numTokens * hiddenSize)
        var target = kept.mutableSpan
        tokens.select(features.span, gridSize: transformer.gridSize, into: &target)
        return kept
    }
}

extension PixelNormalization {
    /// What a model's image processor does.
    init(_ configuration: ImageProcessorConfiguration) {
        self.init(
            imageMean: configuration.imageMean, imageStd: configuration.imageStd,
            rescaleFactor: configuration.rescaleFactor)
    }

    /// What an encoder reads of `frame`, Float32 (C, H, W).
    func pixelValues(of frame: StoredFrame) -> [Float] {
        guard frame.elementType == .uint8 else { return frame.floatValues() }
        var values = [Float](repeating: 0, count: frame.bytes.count)
        var span = values.mutableSpan
        normalize(frame.bytes.span, into: &span)
        return values
    }
}
