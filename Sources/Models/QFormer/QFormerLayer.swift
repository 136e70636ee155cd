import Tensors

/// One Q-Former layer: self-attention, in some layers cross-attention, then an MLP.
///
/// The MLP is that of the query tokens; each part has its residual.
/// Source: transformers, `Blip2QFormerLayer` for query tokens.
struct QFormerLayer: Sendable {
    private let attention: SelfAttention
    private let attentionOutput: ResidualOutput
    private let crossAttention: CrossAttention?
    private let crossAttentionOutput: ResidualOutput?
    private let intermediate: Linear
    private let output: ResidualOutput

    /// What the backward pass needs.
    struct Cache {
        let attention: SelfAttention.Cache
        let attentionOutput: ResidualOutput.Cache
        let crossAttention: CrossAttention.Cache?
        let crossAttentionOutput: ResidualOutput.Cache?
        let mlpInput: [Float]
        /// Before GELU.
        let hidden: [Float]
        let output: ResidualOutput.Cache
    }

    init(
        _ index: Int, configuration: QFormerConfiguration, in store: inout ParameterStore,
        seed: UInt64
    ) {
        let prefix = "qformer.encoder.layer.\(index)."
        func makeOutput(_ name: String, inputs: Int, _ site: DropoutSite) -> ResidualOutput {
            ResidualOutput(
                prefix + name, inputs: inputs, configuration: configuration,
                site: site.number(layer: index), in: &store, seed: seed)
        }
        let width = configuration.hiddenSize
        attention = SelfAttention(
            prefix + "attention.attention", configuration: configuration,
            site: DropoutSite.attention.number(layer: index), in: &store, seed: seed)
        attentionOutput = makeOutput("attention.output", inputs: width, .attentionOutput)
        if index.isMultiple(of: configuration.crossAttentionFrequency) {
            crossAttention = CrossAttention(
                prefix + "crossattention.attention", configuration: configuration,
                site: DropoutSite.crossAttention.number(layer: index), in: &store, seed: seed)
            crossAttentionOutput = makeOutput(
                "crossattention.output", inputs: width, .crossAttentionOutput)
        } else {
            crossAttention = nil
            crossAttentionOutput = nil
        }
        intermediate = Linear(
            prefix + "intermediate_query.dense", inputs: width,
            outputs: configuration.intermediateSize, in: &store, seed: seed)
        output = makeOutput("output_query", inputs: configuration.intermediateSize, .mlpOutput)
    }

    /// Maps x, Float32 (B·Q, width), to y of the same shape.
    ///
    /// The frame tokens are Float32 (B, L, E).
    func forward(
        _ x: [Float], tokens: Span<Float>, dropout: Dropout?, _ store: ParameterStore
    ) -> (y: [Float], cache: Cache) {
        let (context, attentionCache) = attention.forward(x, dropout: dropout, store)
        var (state, outputCache) = attentionOutput.forward(
            context, residual: x, dropout: dropout, store)
        var crossCache: CrossAttention.Cache?
        var crossOutputCache: ResidualOutput.Cache?
        if let crossAttention, let crossAttentionOutput {
            let (crossed, cache) = crossAttention.forward(
                state, tokens: tokens, dropout: dropout, store)
            crossCache = cache
            (state, crossOutputCache) = crossAttentionOutput.forward(
                crossed, residual: state, dropout: dropout, store)
        }
        let hidden = intermediate.forward(state, store)
        let (y, mlpCache) = output.forward(
            activated(hidden), residual: state, dropout: dropout, store)
        let cache = Cache(
            attention: attentionCache, attentionOutput: outputCache, crossAttention: crossCache,
            crossAttentionOutput: crossOutputCache, mlpInput: state, hidden: hidden,
            output: mlpCache)
        return (y, cache)
    }

    /// Adds the parameters' gradients, given dY, Float32 (B·Q, width).
    /// - Returns: dX, Float32 (B·Q, width).
    func backward(
        _ cache: Cache, gradient: [Float], tokens: Span<Float>, dropout: Dropout?,
        _ store: inout ParameterStore
    ) -> [Float] {
        var (dHidden, dState) = output.backward(
            cache.output, gradient: gradient, dropout: dropout, &store)
        var span = dHidden.mutableSpan
        geluBackward(cache.hidden.span, gradient: &span)
        accumulate(intermediate.backward(cache.mlpInput, gradient: dHidden, &store), &dState)

        if let crossAttention, let crossAttentionOutput, let crossCache = cache.crossAttention,
            let outputCache = cache.crossAttentionOutput
        {
            let (dContext, dResidual) = crossAttentionOutput.backward(
                outputCache, gradient: dState, dropout: dropout, &store)
            dState = dResidual
            accumulate(
                crossAttention.backward(
                    crossCache, gradient: dContext, tokens: tokens, dropout: dropout, &store),
                &dState)
        }
        var (dContext, dX) = attentionOutput.backward(
            cache.attentionOutput, gradient: dState, dropout: dropout, &store)
        dContext = attention.backward(
            cache.attention, gradient: dContext, dropout: dropout, &store)
        accumulate(dContext, &dX)
        return dX
    }
}

/// GELU of a copy of `x`.
func activated(_ x: [Float]) -> [Float] {
    var y = x
    var span = y.mutableSpan
    gelu(&span)
    return y
}

private func accumulate(_ part: [Float], _ sum: inout [Float]) {
    var span = sum.mutableSpan
    add(part.span, to: &span)
}
