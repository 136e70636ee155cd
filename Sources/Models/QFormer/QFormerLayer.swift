import Tensors

/// One Q-Former layer: self-attention, in some layers cross-attention, then an MLP.
///
/// Query tokens and prompt attend to each other; only the query tokens read the frames, and each of
/// the two has an MLP of its own. Every part has its residual.
/// Source: transformers, `Blip2QFormerLayer` and `InstructBlipQFormerLayer`.
struct QFormerLayer: Sendable {
    private let attention: SelfAttention
    private let attentionOutput: ResidualOutput
    private let crossAttention: CrossAttention?
    private let crossAttentionOutput: ResidualOutput?
    private let queryMLP: FeedForward
    private let textMLP: FeedForward?

    /// What the backward pass needs.
    struct Cache {
        let attention: SelfAttention.Cache
        let attentionOutput: ResidualOutput.Cache
        let crossAttention: CrossAttention.Cache?
        let crossAttentionOutput: ResidualOutput.Cache?
        let queryMLP: FeedForward.Cache
        let textMLP: FeedForward.Cache?
    }

    init(
        _ index: Int, configuration: QFormerConfiguration, in store: inout ParameterStore
    ) {
        let prefix = "qformer.encoder.layer.\(index)."
        let width = configuration.hiddenSize
        func makeOutput(_ name: String, _ site: DropoutSite) -> ResidualOutput {
            ResidualOutput(
                prefix + name, inputs: width, configuration: configuration,
                site: site.number(layer: index), in: &store)
        }
        func makeMLP(_ suffix: String, _ site: DropoutSite) -> FeedForward {
            FeedForward(
                prefix, suffix: suffix, configuration: configuration,
                site: site.number(layer: index), in: &store)
        }
        attention = SelfAttention(
            prefix + "attention.attention", configuration: configuration,
            site: DropoutSite.attention.number(layer: index), in: &store)
        attentionOutput = makeOutput("attention.output", .attentionOutput)
        if index.isMultiple(of: configuration.crossAttentionFrequency) {
            crossAttention = CrossAttention(
                prefix + "crossattention.attention", configuration: configuration,
                site: DropoutSite.crossAttention.number(layer: index), in: &store)
            crossAttentionOutput = makeOutput("crossattention.output", .crossAttentionOutput)
        } else {
            crossAttention = nil
            crossAttentionOutput = nil
        }
        queryMLP = makeMLP("_query", .mlpOutput)
        textMLP = configuration.text == nil ? nil : makeMLP("", .textOutput)
    }

    /// Maps x, Float32 (B·S, width), to y of the same shape.
    ///
    /// Without `finishesText` the rows of the prompts are not taken through their MLP.
    func forward(
        _ x: [Float], _ rows: ClipRows, _ view: TokenView, finishesText: Bool, dropout: Dropout?,
        _ store: ParameterStore
    ) -> (y: [Float], cache: Cache) {
        let (context, attentionCache) = attention.forward(x, rows, dropout: dropout, store)
        let (attended, outputCache) = attentionOutput.forward(
            context, residual: x, dropout: dropout, store)
        var (queries, text) = rows.split(attended)
        var crossCache: CrossAttention.Cache?
        var crossOutputCache: ResidualOutput.Cache?
        if let crossAttention, let crossAttentionOutput {
            let (crossed, cache) = crossAttention.forward(
                queries, view, dropout: dropout, store)
            crossCache = cache
            (queries, crossOutputCache) = crossAttentionOutput.forward(
                crossed, residual: queries, dropout: dropout, store)
        }
        let (y, queryCache) = queryMLP.forward(queries, dropout: dropout, store)
        var textCache: FeedForward.Cache?
        if finishesText, let textMLP, !text.isEmpty {
            (text, textCache) = textMLP.forward(text, dropout: dropout, store)
        }
        let cache = Cache(
            attention: attentionCache, attentionOutput: outputCache, crossAttention: crossCache,
            crossAttentionOutput: crossOutputCache, queryMLP: queryCache, textMLP: textCache)
        return (rows.joined(queries: y, text: text), cache)
    }

    /// Adds the parameters' gradients, given dY, Float32 (B·S, width), and to `dPositions` that of
    /// what is added to the frame tokens.
    /// - Returns: DX, Float32 (B·S, width).
    func backward(
        _ cache: Cache, gradient: [Float], _ rows: ClipRows, _ view: TokenView,
        dropout: Dropout?, dPositions: inout [Float], _ store: inout ParameterStore
    ) -> [Float] {
        var (dQueries, dText) = rows.split(gradient)
        if let textMLP, let textCache = cache.textMLP {
            dText = textMLP.backward(textCache, gradient: dText, dropout: dropout, &store)
        }
        dQueries = queryMLP.backward(
            cache.queryMLP, gradient: dQueries, dropout: dropout, &store)
        if let crossAttention, let crossAttentionOutput, let crossCache = cache.crossAttention,
            let outputCache = cache.crossAttentionOutput
        {
            let (dContext, dResidual) = crossAttentionOutput.backward(
                outputCache, gradient: dQueries, dropout: dropout, &store)
            dQueries = dResidual
            accumulate(
                crossAttention.backward(
                    crossCache, gradient: dContext, view, dropout: dropout,
                    dPositions: &dPositions, &store),
                &dQueries)
        }
        var (dContext, dX) = attentionOutput.backward(
            cache.attentionOutput, gradient: rows.joined(queries: dQueries, text: dText),
            dropout: dropout, &store)
        dContext = attention.backward(
            cache.attention, gradient: dContext, rows, dropout: dropout, &store)
        accumulate(dContext, &dX)
        return dX
    }
}
