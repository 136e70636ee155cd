import Recipes
import Tensors

extension VisionTransformer {
    /// A block stays in bfloat16 if int8 brings the cosine of one of its tokens below this.
    static let smallestInt8Cosine = 0.999

    /// The blocks that int8 hurts on some frames, first block first.
    ///
    /// Each block is computed in bfloat16 and in int8 from the same tokens, which are those of
    /// bfloat16, and both results are compared as the last norm would show them: before it, few
    /// large channels hide the others. One block is in memory at a time.
    /// - Parameters:
    ///   - configuration: Shape of the encoder.
    ///   - positionGridSize: Patches along one side that its positions were trained for.
    ///   - source: Its weights.
    ///   - pixelValues: Float32 (C, H, W), normalised, for each frame.
    /// - Returns: Indices of blocks.
    /// - Throws: as `ModelDirectory.blocksHurtByInt8(pixelValues:)`.
    static func blocksHurtByInt8(
        configuration: VisionConfiguration, positionGridSize: Int, weights source: WeightSource,
        pixelValues: [[Float]]
    ) throws(ModelError) -> [Int] {
        let encoder = try VisionTransformer(
            configuration: configuration, positionGridSize: positionGridSize, weights: source,
            precision: .bfloat16, numBlocks: 0)
        let weights = VisionTransformerWeights(configuration: configuration, source: source)
        var streams = mapInParallel(pixelValues.count) { frame in
            var scratch = VisionScratch<BFloat16>(configuration)
            let pixels = pixelValues[frame]
            encoder.embed(pixels.span, into: &scratch)
            return scratch.stream
        }
        var hurt: [Int] = []
        for layer in 0..<configuration.numHiddenLayers {
            let block = try weights.block(layer)
            let exact = try VisionBlock(block, configuration, .bfloat16)
            let narrow = try VisionBlock(block, configuration, .int8)
            let results = mapInParallel(streams.count) { [streams] frame in
                var scratch = VisionScratch<BFloat16>(configuration)
                var int8 = Int8Scratch(configuration)
                scratch.stream = streams[frame]
                narrow.forwardInt8(encoder.attention, &scratch, &int8)
                let found = scratch.shown(by: encoder.lastNorm)
                scratch.stream = streams[frame]
                exact.forward(encoder.attention, &scratch)
                let expected = scratch.shown(by: encoder.lastNorm)
                let fidelity = TokenFidelity(
                    found.span, expected.span, width: configuration.hiddenSize)
                return (stream: scratch.stream, worst: fidelity.worst)
            }
            streams = results.map(\.stream)
            let worst = results.map(\.worst).min() ?? 1
            if worst < smallestInt8Cosine { hurt.append(layer) }
        }
        return hurt
    }
}

extension VisionScratch {
    /// The stream after `norm`; unchanged if there is none.
    fileprivate mutating func shown(by norm: LayerNormWeights?) -> [Float] {
        guard let norm else { return stream }
        normalize(norm)
        return row
    }
}
