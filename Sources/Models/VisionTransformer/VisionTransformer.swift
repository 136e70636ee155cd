public import Recipes
import Tensors

extension VisionPrecision {
    /// bfloat16 where the processor has it, else float32.
    public static var automatic: VisionPrecision { Processor.hasBFloat16 ? .bfloat16 : .float32 }

    /// Element type of the input of products with weights.
    var input: MatrixElementType {
        switch self {
        case .float32: .float32
        case .bfloat16, .int8: .bfloat16
        }
    }
}

/// A frozen pre-norm vision transformer: patches, blocks of attention and MLP, a layer norm.
///
/// Each frame is encoded by one thread from beginning to end, so its features depend neither on the
/// number of threads nor on the frames beside it.
/// Source: Dosovitskiy et al., An Image is Worth 16x16 Words (2021), section 3.1; transformers,
/// `Blip2VisionModel`, `CLIPVisionModel`, `Dinov2Model` and `ViTModel`.
public struct VisionTransformer: Sendable {
    private let shape: VisionConfiguration
    /// Number format of its matrix products.
    public let precision: VisionPrecision
    private let patches: PackedLinear
    private let classToken: [Float]
    private let positions: [Float]
    private let firstNorm: LayerNormWeights?
    let lastNorm: LayerNormWeights?
    let attention: VisionAttention
    private let blocks: [VisionBlock]

    /// Tokens per frame, L, CLS first.
    public var numTokens: Int { shape.numTokens }
    /// Width of a token, D.
    public var hiddenSize: Int { shape.hiddenSize }
    /// Patches along one side of a frame.
    public var gridSize: Int { shape.gridSize }
    /// Height and width of a frame in pixels.
    public var imageSize: Int { shape.imageSize }
    /// Floating-point operations of one frame's matrix products.
    public var flopsPerFrame: Int { shape.flopsPerFrame }

    /// Reads and packs the weights, several blocks at a time.
    ///
    /// `bfloat16Blocks` are those that stay in bfloat16 if the precision is int8; `numBlocks` says
    /// how many are read if not all. Positions for a grid of `positionGridSize`² patches are
    /// interpolated if the pictures have others.
    /// - Throws: as `ModelDirectory.makeVisionTransformer`; unknown tensors only if all blocks are
    ///   read.
    init(
        configuration: VisionConfiguration, positionGridSize: Int, weights source: WeightSource,
        precision: VisionPrecision, bfloat16Blocks: [Int] = [], numBlocks: Int? = nil
    ) throws(ModelError) {
        shape = configuration
        self.precision = precision
        let weights = VisionTransformerWeights(configuration: configuration, source: source)
        let trained = try weights.embeddings(numTokens: positionGridSize * positionGridSize + 1)
        classToken = trained.classToken
        positions = interpolatedPositions(
            trained.positions, width: shape.hiddenSize, from: positionGridSize,
            to: shape.gridSize)
        firstNorm = try weights.firstNorm()
        lastNorm = try weights.lastNorm()
        do {
            attention = try VisionAttention(configuration, precision)
            patches = try PackedLinear(
                weights.patches(), rows: shape.numTokens - 1,
                precision == .float32 ? .float32 : .bfloat16, output: .float32)
        } catch let error as ModelError {
            throw error
        } catch {
            throw .precisionUnavailable(precision.rawValue, reason: "\(error)")
        }
        blocks = try Self.makeBlocks(
            weights, configuration, numBlocks ?? configuration.numHiddenLayers
        ) { precision == .int8 && bfloat16Blocks.contains($0) ? .bfloat16 : precision }
        if numBlocks == nil { try weights.requireAllRead() }
    }

    private static func makeBlocks(
        _ weights: VisionTransformerWeights, _ shape: VisionConfiguration, _ count: Int,
        precision: @Sendable (Int) -> VisionPrecision
    ) throws(ModelError) -> [VisionBlock] {
        let results = mapInParallel(count) { layer in
            Result { () throws(ModelError) in
                try VisionBlock(weights.block(layer), shape, precision(layer))
            }
        }
        var blocks: [VisionBlock] = []
        for result in results { blocks.append(try result.get()) }
        return blocks
    }

    /// Encodes frames, each on one of the math threads.
    /// - Precondition: `pixelValues` and `features` have exactly the elements of N frames.
    /// - Parameters:
    ///   - pixelValues: Float32 (N, C, H, W), C = 3, normalised.
    ///   - numFrames: N.
    ///   - features: Float32 (N, L, D); `last_hidden_state`, after the final layer norm where the
    ///     architecture has one; every element is written.
    public func encode(
        pixelValues: Span<Float>, numFrames: Int, into features: inout MutableSpan<Float>
    ) {
        switch precision {
        case .float32:
            encode(pixelValues, numFrames, into: &features) {
                (scratch: inout VisionScratch<Float>) in
                for block in blocks { block.forward(attention, &scratch) }
            }
        case .bfloat16:
            encode(pixelValues, numFrames, into: &features) {
                (scratch: inout VisionScratch<BFloat16>) in
                for block in blocks { block.forward(attention, &scratch) }
            }
        case .int8:
            encode(pixelValues, numFrames, into: &features) {
                (scratch: inout VisionScratch<BFloat16>) in
                var int8 = Int8Scratch(shape)
                for block in blocks {
                    if block.isInt8 {
                        block.forwardInt8(attention, &scratch, &int8)
                    } else {
                        block.forward(attention, &scratch)
                    }
                }
            }
        }
    }

    /// `encode(pixelValues:numFrames:into:)` with activations of type `Element`.
    private func encode<Element: NarrowElement>(
        _ pixelValues: Span<Float>, _ numFrames: Int, into features: inout MutableSpan<Float>,
        blocks: (inout VisionScratch<Element>) -> Void
    ) {
        let frameSize = 3 * imageSize * imageSize
        let featureSize = numTokens * hiddenSize
        precondition(pixelValues.count == numFrames * frameSize)
        precondition(features.count == numFrames * featureSize)
        unsafe features.withUnsafeMutableBufferPointer { features in
            unsafe pixelValues.withUnsafeBufferPointer { pixels in
                // Guard: each call writes the features of its frame.
                unsafe forEachInParallelUnchecked(numFrames) { frame in
                    var scratch = VisionScratch<Element>(shape)
                    embed(
                        unsafe Span(
                            _unsafeElements: pixels.extracting(
                                frame * frameSize..<(frame + 1) * frameSize)), into: &scratch)
                    blocks(&scratch)
                    if let lastNorm { scratch.normalize(lastNorm) }
                    let result = lastNorm == nil ? scratch.stream : scratch.row
                    _ = unsafe features.extracting(frame * featureSize..<(frame + 1) * featureSize)
                        .update(fromContentsOf: result)
                }
            }
        }
    }

    /// Patch products, CLS, positions and the first norm: from Float32 (C, H, W) to
    /// `scratch.stream`, Float32 (L, D).
    func embed<Element: NarrowElement>(
        _ pixels: Span<Float>, into scratch: inout VisionScratch<Element>
    ) {
        let (width, patch, grid) = (hiddenSize, shape.patchSize, shape.gridSize)
        var pieces: [Float] = []
        pieces.reserveCapacity(grid * grid * shape.patchElements)
        for gridRow in 0..<grid {
            for gridColumn in 0..<grid {
                for channel in 0..<3 {
                    for row in 0..<patch {
                        let line = (channel * imageSize + gridRow * patch + row) * imageSize
                        let start = line + gridColumn * patch
                        for column in 0..<patch { pieces.append(pixels[start + column]) }
                    }
                }
            }
        }
        var narrow = [Element](repeating: .zero, count: pieces.count)
        var narrowSpan = narrow.mutableSpan
        Element.narrow(pieces.span, into: &narrowSpan)
        var embedded = [Float](repeating: 0, count: grid * grid * width)
        patches.run(narrow, into: &embedded, &scratch.products)
        scratch.stream.replaceSubrange(..<width, with: classToken)
        scratch.stream.replaceSubrange(width..., with: embedded)
        var sum = scratch.stream.mutableSpan
        add(positions.span, to: &sum)
        if let firstNorm {
            scratch.normalize(firstNorm)
            scratch.stream = scratch.row
        }
    }
}
