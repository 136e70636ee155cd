import Tensors

/// A frozen pre-norm vision transformer: patches, blocks of attention and MLP, a layer norm.
///
/// Each frame is encoded by one thread from beginning to end, so its features depend neither on the
/// number of threads nor on the frames beside it.
/// Source: Dosovitskiy et al., An Image Is Worth 16×16 Words; transformers, `Blip2VisionModel` and
/// `Dinov2Model`.
public struct VisionTransformer: Sendable {
    private let configuration: VisionConfiguration
    private let weights: VisionTransformerWeights

    /// Tokens per frame, L, CLS first.
    public var numTokens: Int { configuration.numTokens }
    /// Width of a token, D.
    public var hiddenSize: Int { configuration.hiddenSize }
    /// Height and width of a frame in pixels.
    public var imageSize: Int { configuration.imageSize }

    /// Floating-point operations of one frame's matrix products.
    public var flopsPerFrame: Int {
        let (tokens, width) = (numTokens, hiddenSize)
        let block =
            4 * tokens * width * width + 2 * tokens * tokens * width
            + 2 * tokens * width * configuration.intermediateSize
        let patches = (tokens - 1) * configuration.patchElements * width
        return 2 * (configuration.numHiddenLayers * block + patches)
    }

    init(configuration: VisionConfiguration, weights: WeightSource) throws(ModelError) {
        self.configuration = configuration
        self.weights = try VisionTransformerWeights(configuration: configuration, source: weights)
    }

    /// Encodes frames.
    /// - Parameters:
    ///   - pixelValues: Float32 (N, C, H, W), normalised.
    ///   - numFrames: N.
    ///   - features: Float32 (N, L, D); `last_hidden_state` after the final layer norm, every
    ///     element written.
    public func encode(
        pixelValues: Span<Float>, numFrames: Int, into features: inout MutableSpan<Float>
    ) {
        let frameSize = 3 * imageSize * imageSize
        let featureSize = numTokens * hiddenSize
        precondition(pixelValues.count == numFrames * frameSize)
        precondition(features.count == numFrames * featureSize)
        unsafe features.withUnsafeMutableBufferPointer { features in
            unsafe pixelValues.withUnsafeBufferPointer { pixels in
                forEachInParallel(numFrames) { frame in
                    let input = unsafe Span(
                        _unsafeElements: pixels.extracting(
                            frame * frameSize..<(frame + 1) * frameSize))
                    var output = unsafe MutableSpan(
                        _unsafeElements: features.extracting(
                            frame * featureSize..<(frame + 1) * featureSize))
                    encodeFrame(input, into: &output)
                }
            }
        }
    }

    private func encodeFrame(_ pixels: Span<Float>, into features: inout MutableSpan<Float>) {
        let (tokens, width) = (numTokens, hiddenSize)
        var stream = [Float](repeating: 0, count: tokens * width)
        embed(pixels, into: &stream)
        var scratch = VisionBlockScratch(configuration)
        for block in weights.blocks {
            block.forward(&stream, configuration, &scratch)
        }
        var statistics = scratch.statistics.mutableSpan
        layerNorm(
            stream.span, weight: weights.finalNormWeight.span, bias: weights.finalNormBias.span,
            epsilon: configuration.layerNormEpsilon, into: &features, statistics: &statistics)
    }

    /// Patch products, CLS and positions: Float32 (L, D).
    private func embed(_ pixels: Span<Float>, into stream: inout [Float]) {
        let (width, patch, grid) = (hiddenSize, configuration.patchSize, configuration.gridSize)
        var patches: [Float] = []
        patches.reserveCapacity(grid * grid * configuration.patchElements)
        for gridRow in 0..<grid {
            for gridColumn in 0..<grid {
                for channel in 0..<3 {
                    for row in 0..<patch {
                        let line = (channel * imageSize + gridRow * patch + row) * imageSize
                        let start = line + gridColumn * patch
                        for column in 0..<patch { patches.append(pixels[start + column]) }
                    }
                }
            }
        }
        for column in 0..<width { stream[column] = weights.classToken[column] }
        var embedded = [Float](repeating: 0, count: grid * grid * width)
        var products = embedded.mutableSpan
        fillRows(weights.patchBias.span, into: &products)
        gemm(
            GemmShape(
                m: grid * grid, n: width, k: configuration.patchElements, transposeB: true,
                accumulate: true),
            patches.span, weights.patchWeight.span, into: &products)
        stream.replaceSubrange(width..., with: embedded)
        var sum = stream.mutableSpan
        add(weights.positions.span, to: &sum)
    }
}

/// Memory that the blocks of one frame share.
struct VisionBlockScratch {
    var normalized: [Float]
    var qkv: [Float]
    var scores: [Float]
    var context: [Float]
    var hidden: [Float]
    var statistics: [Float]

    init(_ shape: VisionConfiguration) {
        func zeros(_ count: Int) -> [Float] { [Float](repeating: 0, count: count) }
        let (tokens, width) = (shape.numTokens, shape.hiddenSize)
        normalized = zeros(tokens * width)
        qkv = zeros(tokens * 3 * width)
        scores = zeros(shape.numAttentionHeads * tokens * tokens)
        context = zeros(tokens * width)
        hidden = zeros(tokens * shape.intermediateSize)
        statistics = zeros(2 * tokens)
    }
}

extension VisionBlockWeights {
    /// Applies the block in place to `stream`, Float32 (L, D).
    ///
    /// x += projection(attention(norm1(x))); x += fc2(gelu(fc1(norm2(x)))).
    func forward(
        _ stream: inout [Float], _ shape: VisionConfiguration, _ scratch: inout VisionBlockScratch
    ) {
        normalize(stream, norm1Weight, norm1Bias, shape, &scratch.normalized, &scratch.statistics)
        linear(scratch.normalized, qkvWeight, qkvBias, into: &scratch.qkv)
        attend(scratch.qkv, shape, scores: &scratch.scores, into: &scratch.context)
        addLinear(scratch.context, projectionWeight, projectionBias, to: &stream)

        normalize(stream, norm2Weight, norm2Bias, shape, &scratch.normalized, &scratch.statistics)
        linear(scratch.normalized, fc1Weight, fc1Bias, into: &scratch.hidden)
        var hidden = scratch.hidden.mutableSpan
        gelu(&hidden)
        addLinear(scratch.hidden, fc2Weight, fc2Bias, to: &stream)
    }

    private func normalize(
        _ stream: [Float], _ weight: [Float], _ bias: [Float], _ shape: VisionConfiguration,
        _ normalized: inout [Float], _ statistics: inout [Float]
    ) {
        var normalized = normalized.mutableSpan
        var statistics = statistics.mutableSpan
        layerNorm(
            stream.span, weight: weight.span, bias: bias.span, epsilon: shape.layerNormEpsilon,
            into: &normalized, statistics: &statistics)
    }

    /// softmax(Q·Kᵀ/√d)·V for all heads, from `qkv` (L, 3·D) to `context` (L, D).
    private func attend(
        _ qkv: [Float], _ shape: VisionConfiguration, scores: inout [Float],
        into context: inout [Float]
    ) {
        let (tokens, width, heads) = (shape.numTokens, shape.hiddenSize, shape.numAttentionHeads)
        let headSize = width / heads
        var scoresSpan = scores.mutableSpan
        gemm(
            GemmShape(
                m: tokens, n: tokens, k: headSize, transposeB: true, leadingA: 3 * width,
                leadingB: 3 * width, alpha: 1 / Float(headSize).squareRoot(),
                batches: [
                    GemmBatch(
                        count: heads, strideA: headSize, strideB: headSize,
                        strideC: tokens * tokens)
                ]),
            qkv.span, qkv.span.extracting(width...), into: &scoresSpan)
        softmaxRows(&scoresSpan, width: tokens)
        var contextSpan = context.mutableSpan
        gemm(
            GemmShape(
                m: tokens, n: headSize, k: tokens, leadingB: 3 * width, leadingC: width,
                batches: [
                    GemmBatch(
                        count: heads, strideA: tokens * tokens, strideB: headSize,
                        strideC: headSize)
                ]),
            scores.span, qkv.span.extracting((2 * width)...), into: &contextSpan)
    }

    /// y = x·Wᵀ + b with W (out, in).
    private func linear(
        _ x: [Float], _ weight: [Float], _ bias: [Float], into y: inout [Float]
    ) {
        var target = y.mutableSpan
        fillRows(bias.span, into: &target)
        product(x, weight, outputs: bias.count, into: &target)
    }

    /// y += x·Wᵀ + b with W (out, in).
    private func addLinear(
        _ x: [Float], _ weight: [Float], _ bias: [Float], to y: inout [Float]
    ) {
        var target = y.mutableSpan
        addBias(bias.span, to: &target)
        product(x, weight, outputs: bias.count, into: &target)
    }

    private func product(
        _ x: [Float], _ weight: [Float], outputs: Int, into y: inout MutableSpan<Float>
    ) {
        let inputs = weight.count / outputs
        gemm(
            GemmShape(
                m: x.count / inputs, n: outputs, k: inputs, transposeB: true, accumulate: true),
            x.span, weight.span, into: &y)
    }
}
