import Tensors

/// The Q-Former without text: learned query tokens read the frame tokens of their clip.
///
/// Source: Li et al., BLIP-2, section 3.1; transformers, `Blip2QFormerModel` with `query_embeds`
/// only.
struct QFormer: Sendable {
    private let configuration: QFormerConfiguration
    private let queryTokens: Parameter
    private let norm: Norm
    private let layers: [QFormerLayer]

    /// What the backward pass needs.
    struct Cache {
        let norm: Norm.Cache
        let layers: [QFormerLayer.Cache]
    }

    init(_ configuration: QFormerConfiguration, in store: inout ParameterStore, seed: UInt64) {
        self.configuration = configuration
        queryTokens = store.add(
            "query_tokens", [1, configuration.numQueryTokens, configuration.hiddenSize], seed: seed)
        norm = Norm(
            "qformer.layernorm", width: configuration.hiddenSize,
            epsilon: configuration.layerNormEpsilon, in: &store, seed: seed)
        var layers: [QFormerLayer] = []
        for index in 0..<configuration.numHiddenLayers {
            layers.append(
                QFormerLayer(index, configuration: configuration, in: &store, seed: seed))
        }
        self.layers = layers
    }

    /// Takes the query tokens through all layers, with frame tokens Float32 (B, L, E).
    /// - Returns: The query output, Float32 (B·Q, width).
    func forward(
        tokens: Span<Float>, numClips: Int, dropout: Dropout?, _ store: ParameterStore
    ) -> (output: [Float], cache: Cache) {
        let queries = store.values[queryTokens.range]
        let repeated = Array(repeatElement(queries, count: numClips).joined())
        var (state, normCache) = norm.forward(repeated, store)
        dropout?.apply(to: &state, site: DropoutSite.embedding)
        var caches: [QFormerLayer.Cache] = []
        for layer in layers {
            let (next, cache) = layer.forward(state, tokens: tokens, dropout: dropout, store)
            state = next
            caches.append(cache)
        }
        return (state, Cache(norm: normCache, layers: caches))
    }

    /// Adds the gradients of all parameters, given that of the output, Float32 (B·Q, width).
    func backward(
        _ cache: Cache, gradient: [Float], tokens: Span<Float>, dropout: Dropout?,
        _ store: inout ParameterStore
    ) {
        var gradient = gradient
        for (layer, layerCache) in zip(layers, cache.layers).reversed() {
            gradient = layer.backward(
                layerCache, gradient: gradient, tokens: tokens, dropout: dropout, &store)
        }
        dropout?.apply(to: &gradient, site: DropoutSite.embedding)
        let dQueries = norm.backward(cache.norm, gradient: gradient, &store)
        store.gradients.withMutableSpan(of: queryTokens.range) {
            addRows(of: dQueries.span, to: &$0)
        }
    }
}
