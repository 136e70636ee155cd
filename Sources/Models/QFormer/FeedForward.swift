import Tensors

/// LayerNorm(dropout(dense(gelu(dense(x)))) + x): the MLP that ends a layer.
///
/// Source: transformers, `Blip2QFormerIntermediate` and `Blip2QFormerOutput`.
struct FeedForward: Sendable {
    private let intermediate: Linear
    private let output: ResidualOutput

    /// What the backward pass needs.
    struct Cache {
        let x: [Float]
        /// Before GELU.
        let hidden: [Float]
        let output: ResidualOutput.Cache
    }

    /// `suffix` is `_query` for the query tokens, empty for the prompt.
    init(
        _ prefix: String, suffix: String, configuration: QFormerConfiguration, site: Int,
        in store: inout ParameterStore
    ) {
        intermediate = Linear(
            prefix + "intermediate\(suffix).dense", inputs: configuration.hiddenSize,
            outputs: configuration.intermediateSize, in: &store)
        output = ResidualOutput(
            prefix + "output\(suffix)", inputs: configuration.intermediateSize,
            configuration: configuration, site: site, in: &store)
    }

    /// Maps x, Float32 (rows, width), to y of the same shape.
    func forward(
        _ x: [Float], dropout: Dropout?, _ store: ParameterStore
    ) -> (y: [Float], cache: Cache) {
        let hidden = intermediate.forward(x, store)
        let (y, cache) = output.forward(
            activated(hidden), residual: x, dropout: dropout, store)
        return (y, Cache(x: x, hidden: hidden, output: cache))
    }

    /// Adds the parameters' gradients, given dY, Float32 (rows, width).
    /// - Returns: DX, Float32 (rows, width).
    func backward(
        _ cache: Cache, gradient: [Float], dropout: Dropout?, _ store: inout ParameterStore
    ) -> [Float] {
        var (dHidden, dX) = output.backward(
            cache.output, gradient: gradient, dropout: dropout, &store)
        dHidden.forEachBlockInParallel { range, part in
            geluBackward(cache.hidden.span.extracting(range), gradient: &part)
        }
        accumulate(intermediate.backward(cache.x, gradient: dHidden, &store), &dX)
        return dX
    }
}

/// GELU of a copy of `x`, of any shape, by the math threads.
func activated(_ x: [Float]) -> [Float] {
    var y = [Float](repeating: 0, count: x.count)
    y.forEachBlockInParallel { range, part in gelu(x.span.extracting(range), into: &part) }
    return y
}

/// `sum` += `part`, both of the same shape.
func accumulate(_ part: [Float], _ sum: inout [Float]) {
    var span = sum.mutableSpan
    add(part.span, to: &span)
}
