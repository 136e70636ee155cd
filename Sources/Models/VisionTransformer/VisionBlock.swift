import Recipes
import Tensors

/// One pre-norm block of a frozen ViT, its weights packed for the processor.
///
/// x += projection(attention(norm1(x))); x += fc2(gelu(fc1(norm2(x)))), x being Float32 (L, D).
/// Source: Dosovitskiy et al., An Image is Worth 16x16 Words (2021), equations 2 and 3.
struct VisionBlock: Sendable {
    private let norm1: LayerNormWeights
    private let norm2: LayerNormWeights
    private let qkv: PackedLinear
    private let projection: PackedLinear
    private let fc1: PackedLinear
    private let fc2: PackedLinear
    private let activation: VisionActivation
    /// Whether its products are in int8.
    let isInt8: Bool

    /// Packs `weights` for frames of `shape.numTokens` tokens.
    /// - Throws: `ModelError.precisionUnavailable` if the processor cannot do it.
    init(
        _ weights: VisionBlockWeights, _ shape: VisionConfiguration, _ precision: VisionPrecision
    ) throws(ModelError) {
        do throws(ProductError) {
            try self.init(packing: weights, shape, precision)
        } catch {
            throw .precisionUnavailable(precision.rawValue, reason: "\(error)")
        }
    }

    private init(
        packing weights: VisionBlockWeights, _ shape: VisionConfiguration,
        _ precision: VisionPrecision
    ) throws(ProductError) {
        let rows = shape.numTokens
        isInt8 = precision == .int8
        norm1 = weights.norm1
        norm2 = weights.norm2
        activation = shape.activation
        let finish: MatrixProduct.Finish = shape.activation == .gelu ? .gelu : .quickGELU
        qkv = try PackedLinear(weights.qkv, rows: rows, precision, output: precision.input)
        projection = try PackedLinear(
            weights.projection, rows: rows, precision, output: .float32, finish: .add)
        fc1 = try PackedLinear(
            weights.fc1, rows: rows, precision, output: precision.input, finish: finish)
        fc2 = try PackedLinear(weights.fc2, rows: rows, precision, output: .float32, finish: .add)
    }

    /// Applies the block to `scratch.stream`, in float32 or bfloat16.
    func forward<Element: NarrowElement>(
        _ attention: VisionAttention, _ scratch: inout VisionScratch<Element>
    ) {
        scratch.normalize(norm1)
        scratch.narrowRow()
        qkv.run(scratch.normalized, into: &scratch.qkv, &scratch.products)
        attention.run(&scratch)
        projection.run(scratch.context, into: &scratch.stream, &scratch.products)
        scratch.normalize(norm2)
        scratch.narrowRow()
        fc1.run(scratch.normalized, into: &scratch.hidden, &scratch.products)
        fc2.run(scratch.hidden, into: &scratch.stream, &scratch.products)
    }

    /// Applies the block with products in int8 and attention in bfloat16.
    ///
    /// Every token is quantised anew before each product.
    func forwardInt8(
        _ attention: VisionAttention, _ scratch: inout VisionScratch<BFloat16>,
        _ int8: inout Int8Scratch
    ) {
        scratch.normalize(norm1)
        int8.narrow.quantize(scratch.row.span)
        int8.runNarrow(qkv)
        int8.store(qkv, int8.narrow.scales, into: &scratch.qkv)
        attention.run(&scratch)
        scratch.widenContext()
        int8.narrow.quantize(scratch.row.span)
        int8.runNarrow(projection)
        int8.add(projection, int8.narrow.scales, to: &scratch.stream)
        scratch.normalize(norm2)
        int8.narrow.quantize(scratch.row.span)
        int8.runNarrow(fc1)
        int8.activateHidden(fc1, int8.narrow.scales, activation)
        int8.runHidden(fc2)
        int8.add(fc2, int8.hidden.scales, to: &scratch.stream)
    }
}

/// A product with fixed weights, and what int8 adds to it afterwards.
struct PackedLinear: Sendable {
    private let product: MatrixProduct
    /// Float32 (outputs); part of the product unless that is in int8.
    let bias: [Float]

    /// From `source` (rows, inputs) to `target` (rows, outputs), which may be longer.
    func run<Input: MatrixElement, Output: MatrixElement>(
        _ source: [Input], into target: inout [Output], _ scratch: inout ProductScratch
    ) {
        var target = target.mutableSpan
        product.run(source.span, into: &target, &scratch)
    }

    init(
        _ weights: LinearWeights, rows: Int, _ precision: VisionPrecision,
        output: MatrixElementType, finish: MatrixProduct.Finish = .store
    ) throws(ProductError) {
        bias = weights.bias
        product =
            if precision == .int8 {
                try MatrixProduct(
                    rows: rows,
                    weights: QuantizedMatrix(weights.weight.span, rows: weights.bias.count))
            } else {
                try MatrixProduct(
                    rows: rows, weights: weights.weight.span, bias: weights.bias.span,
                    input: precision.input, output: output, finish: finish)
            }
    }
}

/// softmax(Q·Kᵀ/√d)·V for all heads of a frame.
///
/// Source: Vaswani et al., Attention is all you need (2017), section 3.2.
struct VisionAttention: Sendable {
    private let scores: MatrixProduct
    private let context: MatrixProduct
    private let scale: Float
    private let numTokens: Int
    private let width: Int

    init(_ shape: VisionConfiguration, _ precision: VisionPrecision) throws(ProductError) {
        let (tokens, heads) = (shape.numTokens, shape.numAttentionHeads)
        numTokens = tokens
        width = shape.hiddenSize
        let headSize = width / heads
        scale = 1 / Float(headSize).squareRoot()
        let rows = MatrixProduct.Strides(matrix: headSize, row: 3 * width)
        let columns = MatrixProduct.Strides(matrix: headSize, row: 1, column: 3 * width)
        let square = MatrixProduct.Strides(matrix: tokens * tokens, row: tokens)
        scores = try MatrixProduct(
            batch: heads, m: tokens, n: tokens, k: headSize, a: rows, b: columns, c: square,
            input: precision.input, output: .float32)
        context = try MatrixProduct(
            batch: heads, m: tokens, n: headSize, k: tokens, a: square, b: rows,
            c: MatrixProduct.Strides(matrix: headSize, row: width), input: precision.input,
            output: precision.input)
    }

    /// From `scratch.qkv` (L, 3·D) to `scratch.context` (L, D).
    func run<Element: NarrowElement>(_ scratch: inout VisionScratch<Element>) {
        scores.run(
            scratch.qkv, scratch.qkv, from: width, into: &scratch.scores, &scratch.products)
        scratch.softmax(scale: scale)
        context.run(
            scratch.probabilities, scratch.qkv, from: 2 * width, into: &scratch.context,
            &scratch.products)
    }
}

extension MatrixProduct {
    /// Runs the product of `a` and what starts at `offset` of `b`.
    fileprivate func run<Input: MatrixElement, Output: MatrixElement>(
        _ a: [Input], _ b: [Input], from offset: Int, into c: inout [Output],
        _ scratch: inout ProductScratch
    ) {
        var target = c.mutableSpan
        run(a.span, b.span.extracting(offset...), into: &target, &scratch)
    }
}
