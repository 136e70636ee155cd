import Tensors

/// Attention among the query tokens of each clip.
///
/// Source: transformers, `Blip2QFormerMultiHeadAttention`.
struct SelfAttention: Sendable {
    private let query: Linear
    private let key: Linear
    private let value: Linear
    private let numHeads: Int
    private let width: Int
    private let numQueries: Int
    private let site: Int

    /// What the backward pass needs; queries, keys and values are Float32 (B·Q, width).
    struct Cache {
        let x: [Float]
        let query: [Float]
        let key: [Float]
        let value: [Float]
        /// Float32 (B, K, Q, Q), before dropout.
        let probabilities: [Float]
    }

    init(
        _ name: String, configuration: QFormerConfiguration, site: Int,
        in store: inout ParameterStore, seed: UInt64
    ) {
        width = configuration.hiddenSize
        numHeads = configuration.numAttentionHeads
        numQueries = configuration.numQueryTokens
        query = Linear(name + ".query", inputs: width, outputs: width, in: &store, seed: seed)
        key = Linear(name + ".key", inputs: width, outputs: width, in: &store, seed: seed)
        value = Linear(name + ".value", inputs: width, outputs: width, in: &store, seed: seed)
        self.site = site
    }

    private var headSize: Int { width / numHeads }
    private var scale: Float { 1 / Float(headSize).squareRoot() }

    /// How the heads of a clip lie in memory.
    ///
    /// Columns of a matrix (Q, width), or matrices (Q, Q) one after the other.
    private enum Layout { case columns, stacked }

    private func batches(_ a: Layout, _ b: Layout, _ c: Layout, numClips: Int) -> [GemmBatch] {
        func clip(_ layout: Layout) -> Int {
            layout == .columns ? numQueries * width : numHeads * numQueries * numQueries
        }
        func head(_ layout: Layout) -> Int {
            layout == .columns ? headSize : numQueries * numQueries
        }
        return [
            GemmBatch(count: numClips, strideA: clip(a), strideB: clip(b), strideC: clip(c)),
            GemmBatch(count: numHeads, strideA: head(a), strideB: head(b), strideC: head(c)),
        ]
    }

    /// Attends among the queries x, Float32 (B·Q, width).
    /// - Returns: The context, Float32 (B·Q, width).
    func forward(
        _ x: [Float], dropout: Dropout?, _ store: ParameterStore
    ) -> (context: [Float], cache: Cache) {
        let numClips = x.count / (numQueries * width)
        let (q, k, v) = (query.forward(x, store), key.forward(x, store), value.forward(x, store))
        var scores = [Float](repeating: 0, count: numClips * numHeads * numQueries * numQueries)
        product(
            GemmShape(
                m: numQueries, n: numQueries, k: headSize, transposeB: true, leadingA: width,
                leadingB: width, alpha: scale,
                batches: batches(.columns, .columns, .stacked, numClips: numClips)),
            q.span, k.span, into: &scores)
        var span = scores.mutableSpan
        softmaxRows(&span, width: numQueries)
        let probabilities = scores
        dropout?.apply(to: &scores, site: site)
        var context = [Float](repeating: 0, count: x.count)
        product(
            GemmShape(
                m: numQueries, n: headSize, k: numQueries, leadingB: width, leadingC: width,
                batches: batches(.stacked, .columns, .columns, numClips: numClips)),
            scores.span, v.span, into: &context)
        return (context, Cache(x: x, query: q, key: k, value: v, probabilities: probabilities))
    }

    /// Adds the parameters' gradients, given dContext, Float32 (B·Q, width).
    /// - Returns: dX, Float32 (B·Q, width).
    func backward(
        _ cache: Cache, gradient: [Float], dropout: Dropout?, _ store: inout ParameterStore
    ) -> [Float] {
        let numClips = cache.x.count / (numQueries * width)
        var dropped = cache.probabilities
        dropout?.apply(to: &dropped, site: site)
        var dV = [Float](repeating: 0, count: cache.x.count)
        product(
            GemmShape(
                m: numQueries, n: headSize, k: numQueries, transposeA: true, leadingB: width,
                leadingC: width,
                batches: batches(.stacked, .columns, .columns, numClips: numClips)),
            dropped.span, gradient.span, into: &dV)

        var dScores = dropped
        product(
            GemmShape(
                m: numQueries, n: numQueries, k: headSize, transposeB: true, leadingA: width,
                leadingB: width,
                batches: batches(.columns, .columns, .stacked, numClips: numClips)),
            gradient.span, cache.value.span, into: &dScores)
        dropout?.apply(to: &dScores, site: site)
        var span = dScores.mutableSpan
        softmaxRowsBackward(cache.probabilities.span, gradient: &span, width: numQueries)

        var (dQ, dK) = (dV, dV)
        let rows = batches(.stacked, .columns, .columns, numClips: numClips)
        product(
            GemmShape(
                m: numQueries, n: headSize, k: numQueries, leadingB: width, leadingC: width,
                alpha: scale, batches: rows),
            dScores.span, cache.key.span, into: &dQ)
        product(
            GemmShape(
                m: numQueries, n: headSize, k: numQueries, transposeA: true, leadingB: width,
                leadingC: width, alpha: scale, batches: rows),
            dScores.span, cache.query.span, into: &dK)

        var dX = query.backward(cache.x, gradient: dQ, &store)
        for part in [
            key.backward(cache.x, gradient: dK, &store),
            value.backward(cache.x, gradient: dV, &store),
        ] {
            var sum = dX.mutableSpan
            add(part.span, to: &sum)
        }
        return dX
    }
}
