import Tensors

/// The element type in which a frame's activations are kept between products.
protocol NarrowElement: MatrixElement {
    static var zero: Self { get }
    /// Rounds Float32 of any shape to this type.
    /// - Precondition: equal counts.
    static func narrow(_ values: Span<Float>, into narrow: inout MutableSpan<Self>)
}

extension NarrowElement {
    /// The same for arrays.
    static func narrow(_ values: [Float], into narrow: inout [Self]) {
        var target = narrow.mutableSpan
        Self.narrow(values.span, into: &target)
    }
}

extension Float: NarrowElement {
    /// Copies the numbers.
    static func narrow(_ values: Span<Float>, into narrow: inout MutableSpan<Float>) {
        precondition(values.count == narrow.count)
        for index in 0..<values.count { narrow[index] = values[index] }
    }
}

extension BFloat16: NarrowElement {
    /// As `floatToBFloat16`.
    static func narrow(_ values: Span<Float>, into narrow: inout MutableSpan<BFloat16>) {
        floatToBFloat16(values, into: &narrow)
    }

    /// As `bfloat16ToFloat`.
    static func widen(_ narrow: [BFloat16], into values: inout [Float]) {
        var target = values.mutableSpan
        bfloat16ToFloat(narrow.span, into: &target)
    }
}

/// Memory for one frame on its way through the blocks.
struct VisionScratch<Element: NarrowElement>: Sendable {
    let numTokens: Int
    private let epsilon: Float
    /// Float32 (L, D); the residual stream that the blocks add to.
    var stream: [Float]
    /// Float32 (L, D); the stream after a layer norm.
    var row: [Float]
    /// (L, D).
    var normalized: [Element]
    /// (L, 3·D).
    var qkv: [Element]
    /// Float32 (K, L, L).
    var scores: [Float]
    /// (K, L, L).
    var probabilities: [Element]
    /// (L, D).
    var context: [Element]
    /// (L, I).
    var hidden: [Element]
    private var statistics: [Float]
    var products = ProductScratch()

    init(_ shape: VisionConfiguration) {
        func zeros<Number: NarrowElement>(_ count: Int) -> [Number] {
            [Number](repeating: .zero, count: count)
        }
        let (tokens, width) = (shape.numTokens, shape.hiddenSize)
        numTokens = tokens
        epsilon = shape.layerNormEpsilon
        stream = zeros(tokens * width)
        row = zeros(tokens * width)
        normalized = zeros(tokens * width)
        qkv = zeros(tokens * 3 * width)
        scores = zeros(shape.numAttentionHeads * tokens * tokens)
        probabilities = zeros(shape.numAttentionHeads * tokens * tokens)
        context = zeros(tokens * width)
        hidden = zeros(tokens * shape.intermediateSize)
        statistics = zeros(2 * tokens)
    }

    /// `row` = layer norm of `stream`.
    mutating func normalize(_ norm: LayerNormWeights) {
        norm.apply(to: stream, epsilon: epsilon, into: &row, statistics: &statistics)
    }

    /// `normalized` = `row`.
    mutating func narrowRow() { Element.narrow(row, into: &normalized) }

    /// `probabilities` = softmax of the rows of `scores`, each times `scale`.
    mutating func softmax(scale: Float) {
        softmaxScores(scale)
        Element.narrow(scores, into: &probabilities)
    }

    private mutating func softmaxScores(_ scale: Float) {
        let width = numTokens
        var target = scores.mutableSpan
        softmaxRows(&target, width: width, scale: scale)
    }
}

extension VisionScratch<BFloat16> {
    /// `row` = `context`.
    mutating func widenContext() {
        BFloat16.widen(context, into: &row)
    }
}

/// Additional scratch memory of int8 products.
struct Int8Scratch: Sendable {
    /// Int8 (L, D).
    var narrow: QuantizedMatrix
    /// Int8 (L, I).
    var hidden: QuantizedMatrix
    /// Float32 (L, max(3·D, I)); a product before its scales.
    private var wide: [Float]
    private var products = ProductScratch()

    init(_ shape: VisionConfiguration) {
        let (tokens, width, inner) = (shape.numTokens, shape.hiddenSize, shape.intermediateSize)
        narrow = QuantizedMatrix(rows: tokens, columns: width)
        hidden = QuantizedMatrix(rows: tokens, columns: inner)
        wide = [Float](repeating: 0, count: tokens * max(3 * width, inner))
    }

    /// `wide` = the product of `narrow`.
    mutating func runNarrow(_ linear: PackedLinear) {
        linear.run(narrow.values, into: &wide, &products)
    }

    /// `wide` = the product of `hidden`.
    mutating func runHidden(_ linear: PackedLinear) {
        linear.run(hidden.values, into: &wide, &products)
    }

    /// `stream` += the product in `wide`, Float32 (L, D), with its scales and bias.
    func add(_ linear: PackedLinear, _ scales: [Float], to stream: inout [Float]) {
        let count = stream.count
        var target = stream.mutableSpan
        addDequantizedRows(
            wide.span.extracting(..<count), scales: scales.span, bias: linear.bias.span,
            to: &target)
    }

    /// `target` = the product in `wide`, (L, outputs), with its scales and bias.
    func store(_ linear: PackedLinear, _ scales: [Float], into target: inout [BFloat16]) {
        var numbers = [Float](repeating: 0, count: linear.bias.count)
        var narrow = [BFloat16](repeating: .zero, count: numbers.count)
        for row in scales.indices {
            dequantize(row, linear, scales[row], into: &numbers)
            BFloat16.narrow(numbers, into: &narrow)
            target.replaceSubrange(
                row * narrow.count..<(row + 1) * narrow.count, with: narrow)
        }
    }

    /// `hidden` = the activation of the product in `wide`, row by row while it is in the cache.
    mutating func activateHidden(
        _ linear: PackedLinear, _ scales: [Float], _ activation: VisionActivation
    ) {
        var numbers = [Float](repeating: 0, count: linear.bias.count)
        for row in scales.indices {
            dequantize(row, linear, scales[row], into: &numbers)
            var span = numbers.mutableSpan
            switch activation {
            case .gelu: gelu(&span)
            case .quickGELU: quickGELU(&span)
            }
            hidden.quantize(row: row, numbers.span)
        }
    }

    /// `numbers` = row `row` of the product in `wide`, Float32 (outputs), with scale and bias.
    private func dequantize(
        _ row: Int, _ linear: PackedLinear, _ scale: Float, into numbers: inout [Float]
    ) {
        let width = linear.bias.count
        var target = numbers.mutableSpan
        dequantizeRow(
            wide.span.extracting(row * width..<(row + 1) * width), scale: scale,
            bias: linear.bias.span, into: &target)
    }
}

extension LayerNormWeights {
    /// `layerNorm` of arrays.
    fileprivate func apply(
        to x: [Float], epsilon: Float, into y: inout [Float], statistics: inout [Float]
    ) {
        var target = y.mutableSpan
        var statistics = statistics.mutableSpan
        layerNorm(
            x.span, weight: weight.span, bias: bias.span, epsilon: epsilon, into: &target,
            statistics: &statistics)
    }
}
