import Tensors

/// The Q-Former: learned query tokens, and a prompt if it reads text, read a clip's frame tokens.
///
/// Source: Li et al., BLIP-2 (2023), section 3.1, and Dai et al., InstructBLIP (2023);
/// transformers, `Blip2QFormerModel` and `InstructBlipQFormerModel`.
struct QFormer: Sendable {
    private let configuration: QFormerConfiguration
    private let queryTokens: Parameter
    private let temporal: TemporalEmbedding?
    private let standardization: ChannelStandardization?
    private let text: TextEmbeddings?
    private let norm: Norm
    private let layers: [QFormerLayer]

    /// What the backward pass needs.
    struct Cache {
        let view: TokenView
        let rows: ClipRows
        let prompts: [[Int]]
        let norm: Norm.Cache
        let layers: [QFormerLayer.Cache]
        /// After the last layer, Float32 (B·S, width).
        let state: [Float]

        /// Before the first layer and after each, Float32 (B·S, width).
        var states: [[Float]] { layers.map(\.attention.x) + [state] }

        /// Of each cross-attention layer, before dropout, Float32 (N, K, Q, L).
        var probabilities: [[Float]] {
            layers.compactMap { $0.crossAttention?.blocks.flatMap(\.probabilities) }
        }
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
        temporal =
            switch configuration.position {
            case .none: nil
            case .tokens: TemporalEmbedding(width: configuration.encoderHiddenSize, in: &store)
            case .queries, .outputs: TemporalEmbedding(width: configuration.hiddenSize, in: &store)
            }
        standardization = configuration.standardization.map { _ in
            ChannelStandardization(width: configuration.encoderHiddenSize, in: &store)
        }
    }

    /// Takes the query tokens through all layers.
    /// - Parameters:
    ///   - tokens: The clips' frame tokens.
    ///   - prompts: Token ids of each clip; empty if the Q-Former reads no text.
    ///   - keepsText: Whether the last layer finishes the prompts, too, on which no output depends.
    ///   - dropout: Masks of this pass; `nil` outside training.
    ///   - store: Holds the weights.
    /// - Returns: The query output, Float32 (N·Q, width), for N sequences of frame tokens.
    func forward(
        tokens: FrameTokens, prompts: [[Int]], keepsText: Bool = false, dropout: Dropout?,
        _ store: ParameterStore
    ) -> (output: [Float], cache: Cache) {
        let rows = ClipRows(
            numClips: tokens.numClips,
            numQueries: configuration.sequencesPerClip * configuration.numQueryTokens,
            textLengths: prompts.map(\.count),
            numFrames: configuration.layout == .frames ? configuration.sequencesPerClip : nil)
        let times = temporal?.forward(tokens.frameTimes, store) ?? []
        let view = TokenView(
            tokens, standardization: standardization?.values(store),
            positions: configuration.position == .tokens ? times : [])
        let queries = store.values[queryTokens.range]
        var repeated = Array(repeatElement(queries, count: tokens.numSequences).joined())
        if configuration.position == .queries { addToQueries(times, &repeated) }
        let words = text?.forward(prompts, length: rows.textLength, store) ?? []
        var (state, normCache) = norm.forward(rows.joined(queries: repeated, text: words), store)
        dropout?.apply(to: &state, site: DropoutSite.embedding)
        var caches: [QFormerLayer.Cache] = []
        for (number, layer) in layers.enumerated() {
            let (next, cache) = layer.forward(
                state, rows, view, finishesText: keepsText || number + 1 < layers.count,
                dropout: dropout, store)
            state = next
            caches.append(cache)
        }
        var output = rows.split(state).queries
        if configuration.position == .outputs { addToQueries(times, &output) }
        return (
            output,
            Cache(
                view: view, rows: rows, prompts: prompts, norm: normCache, layers: caches,
                state: state)
        )
    }

    /// Adds the gradients of all parameters, given that of the output, Float32 (N·Q, width).
    func backward(
        _ cache: Cache, gradient: [Float], dropout: Dropout?, _ store: inout ParameterStore
    ) {
        let rows = cache.rows
        let times = cache.view.tokens.frameTimes
        let noText = [Float](
            repeating: 0, count: rows.numClips * rows.textLength * configuration.hiddenSize)
        var dPositions = [Float](
            repeating: 0, count: cache.view.hasPositions ? times.count * cache.view.tokens.width : 0
        )
        if configuration.position == .outputs { dPositions = sumOverQueries(gradient) }
        var gradient = rows.joined(queries: gradient, text: noText)
        for (layer, layerCache) in zip(layers, cache.layers).reversed() {
            gradient = layer.backward(
                layerCache, gradient: gradient, rows, cache.view, dropout: dropout,
                dPositions: &dPositions, &store)
        }
        dropout?.apply(to: &gradient, site: DropoutSite.embedding)
        let (dQueries, dText) = rows.split(norm.backward(cache.norm, gradient: gradient, &store))
        if configuration.position == .queries { dPositions = sumOverQueries(dQueries) }
        temporal?.backward(times, gradient: dPositions, &store)
        store.gradients.withMutableSpan(of: queryTokens.range) {
            addRows(of: dQueries.span, to: &$0)
        }
        text?.backward(cache.prompts, length: rows.textLength, gradient: dText, &store)
    }

    /// Adds the vector of each frame, Float32 (N, width), to its queries, Float32 (N·Q, width).
    private func addToQueries(_ vectors: [Float], _ queries: inout [Float]) {
        let width = configuration.hiddenSize
        for row in 0..<queries.count / width {
            let start = row / configuration.numQueryTokens * width
            for column in 0..<width { queries[row * width + column] += vectors[start + column] }
        }
    }

    /// The gradients of those vectors, Float32 (N, width), given that of the queries, Float32 (N·Q,
    /// width).
    private func sumOverQueries(_ gradient: [Float]) -> [Float] {
        let width = configuration.hiddenSize
        let size = configuration.numQueryTokens * width
        var sums = [Float](repeating: 0, count: gradient.count / configuration.numQueryTokens)
        for (place, value) in gradient.enumerated() {
            sums[place / size * width + place % width] += value
        }
        return sums
    }
}
