import Tensors

/// The Q-Former: learned query tokens, and a prompt if it reads text, look at a clip's frame tokens.
///
/// Source: Li et al., BLIP-2, section 3.1, and Dai et al., InstructBLIP; transformers,
/// `Blip2QFormerModel` and `InstructBlipQFormerModel`.
struct QFormer: Sendable {
    private let configuration: QFormerConfiguration
    private let queryTokens: Parameter
    private let text: TextEmbeddings?
    private let norm: Norm
    private let layers: [QFormerLayer]

    /// What the backward pass needs.
    struct Cache {
        let rows: ClipRows
        let prompts: [[Int]]
        let norm: Norm.Cache
        let layers: [QFormerLayer.Cache]
    }

    init(_ configuration: QFormerConfiguration, in store: inout ParameterStore) {
        self.configuration = configuration
        queryTokens = store.add(
            "query_tokens", [1, configuration.numQueryTokens, configuration.hiddenSize])
        let embeddings = "qformer.embeddings."
        text = configuration.text.map {
            TextEmbeddings(
                $0, prefix: embeddings, width: configuration.hiddenSize, in: &store)
        }
        norm = Norm(
            text == nil ? "qformer.layernorm" : embeddings + "layernorm",
            width: configuration.hiddenSize, epsilon: configuration.layerNormEpsilon, in: &store)
        var layers: [QFormerLayer] = []
        for index in 0..<configuration.numHiddenLayers {
            layers.append(
                QFormerLayer(index, configuration: configuration, in: &store))
        }
        self.layers = layers
    }

    /// Takes the query tokens through all layers.
    /// - Parameters:
    ///   - tokens: The clips' frame tokens.
    ///   - prompts: Token ids of each clip; empty if the Q-Former reads no text.
    ///   - dropout: Masks of this pass; `nil` outside training.
    ///   - store: Holds the weights.
    /// - Returns: The query output, Float32 (B·Q, width).
    func forward(
        tokens: FrameTokens, prompts: [[Int]], dropout: Dropout?, _ store: ParameterStore
    ) -> (output: [Float], cache: Cache) {
        let rows = ClipRows(
            numClips: tokens.numClips, numQueries: configuration.numQueryTokens,
            textLengths: prompts.map(\.count))
        let queries = store.values[queryTokens.range]
        let repeated = Array(repeatElement(queries, count: tokens.numClips).joined())
        let words = text?.forward(prompts, length: rows.textLength, store) ?? []
        var (state, normCache) = norm.forward(rows.joined(queries: repeated, text: words), store)
        dropout?.apply(to: &state, site: DropoutSite.embedding)
        var caches: [QFormerLayer.Cache] = []
        for layer in layers {
            let (next, cache) = layer.forward(
                state, rows, tokens: tokens, dropout: dropout, store)
            state = next
            caches.append(cache)
        }
        return (
            rows.split(state).queries,
            Cache(rows: rows, prompts: prompts, norm: normCache, layers: caches)
        )
    }

    /// Adds the gradients of all parameters, given that of the output, Float32 (B·Q, width).
    func backward(
        _ cache: Cache, gradient: [Float], tokens: FrameTokens, dropout: Dropout?,
        _ store: inout ParameterStore
    ) {
        let rows = cache.rows
        let noText = [Float](
            repeating: 0, count: rows.numClips * rows.textLength * configuration.hiddenSize)
        var gradient = rows.joined(queries: gradient, text: noText)
        for (layer, layerCache) in zip(layers, cache.layers).reversed() {
            gradient = layer.backward(
                layerCache, gradient: gradient, rows, tokens: tokens, dropout: dropout, &store)
        }
        dropout?.apply(to: &gradient, site: DropoutSite.embedding)
        let (dQueries, dText) = rows.split(norm.backward(cache.norm, gradient: gradient, &store))
        store.gradients.withMutableSpan(of: queryTokens.range) {
            addRows(of: dQueries.span, to: &$0)
        }
        text?.backward(cache.prompts, length: rows.textLength, gradient: dText, &store)
    }
}
