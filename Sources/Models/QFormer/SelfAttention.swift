import Tensors

/// Attention among the rows of each clip: its query tokens and, if there is one, its prompt.
///
/// Source: transformers, `Blip2QFormerMultiHeadAttention`.
struct SelfAttention: Sendable {
    private let query: Linear
    private let key: Linear
    private let value: Linear
    private let numHeads: Int
    private let width: Int
    private let site: Int

    /// What the backward pass needs; queries, keys and values are Float32 (B·S, width).
    struct Cache {
        let x: [Float]
        let query: [Float]
        let key: [Float]
        let value: [Float]
        /// Float32 (B, K, S, S), before dropout.
        let probabilities: [Float]
    }

    init(
        _ name: String, configuration: QFormerConfiguration, site: Int,
        in store: inout ParameterStore
    ) {
        width = configuration.hiddenSize
        numHeads = configuration.numAttentionHeads
        query = Linear(name + ".query", inputs: width, outputs: width, in: &store)
        key = Linear(name + ".key", inputs: width, outputs: width, in: &store)
        value = Linear(name + ".value", inputs: width, outputs: width, in: &store)
        self.site = site
    }

    private var headSize: Int { width / numHeads }
    private var scale: Float { 1 / Float(headSize).squareRoot() }

    /// How the heads of a clip lie in memory.
    ///
    /// Columns of a matrix (S, width), or matrices (S, S) one after the other.
    private enum Layout { case columns, stacked }

    private func batches(
        _ a: Layout, _ b: Layout, _ c: Layout, _ clipRows: ClipRows
    ) -> [GemmBatch] {
        let rows = clipRows.rowsPerClip
        func clip(_ layout: Layout) -> Int {
            layout == .columns ? rows * width : numHeads * rows * rows
        }
        func head(_ layout: Layout) -> Int { layout == .columns ? headSize : rows * rows }
        return [
            GemmBatch(
                count: clipRows.numClips, strideA: clip(a), strideB: clip(b), strideC: clip(c)),
            GemmBatch(count: numHeads, strideA: head(a), strideB: head(b), strideC: head(c)),
        ]
    }

    /// Attends among the rows x, Float32 (B·S, width); nothing attends to padding.
    /// - Returns: The context, Float32 (B·S, width).
    func forward(
        _ x: [Float], _ clipRows: ClipRows, dropout: Dropout?, _ store: ParameterStore
    ) -> (context: [Float], cache: Cache) {
        let rows = clipRows.rowsPerClip
        let (q, k, v) = (query.forward(x, store), key.forward(x, store), value.forward(x, store))
        var scores = [Float](repeating: 0, count: clipRows.numClips * numHeads * rows * rows)
        product(
            GemmShape(
                m: rows, n: rows, k: headSize, transposeB: true, leadingA: width,
                leadingB: width, alpha: scale,
                batches: batches(.columns, .columns, .stacked, clipRows)),
            q.span, k.span, into: &scores)
        hidePadding(of: clipRows, in: &scores)
        var span = scores.mutableSpan
        softmaxRows(&span, width: rows)
        let probabilities = scores
        dropout?.apply(to: &scores, site: site)
        var context = [Float](repeating: 0, count: x.count)
        product(
            GemmShape(
                m: rows, n: headSize, k: rows, leadingB: width, leadingC: width,
                batches: batches(.stacked, .columns, .columns, clipRows)),
            scores.span, v.span, into: &context)
        return (context, Cache(x: x, query: q, key: k, value: v, probabilities: probabilities))
    }

    private func hidePadding(of clipRows: ClipRows, in scores: inout [Float]) {
        let rows = clipRows.rowsPerClip
        for (clip, length) in clipRows.textLengths.enumerated()
        where length < clipRows.textLength {
            hideColumns(
                clipRows.numQueries + length..<rows,
                ofRows: clip * numHeads * rows..<(clip + 1) * numHeads * rows, width: rows,
                in: &scores)
        }
    }

    /// Adds the parameters' gradients, given dContext, Float32 (B·S, width).
    /// - Returns: dX, Float32 (B·S, width).
    func backward(
        _ cache: Cache, gradient: [Float], _ clipRows: ClipRows, dropout: Dropout?,
        _ store: inout ParameterStore
    ) -> [Float] {
        let rows = clipRows.rowsPerClip
        var dropped = cache.probabilities
        dropout?.apply(to: &dropped, site: site)
        var dV = [Float](repeating: 0, count: cache.x.count)
        product(
            GemmShape(
                m: rows, n: headSize, k: rows, transposeA: true, leadingB: width,
                leadingC: width,
                batches: batches(.stacked, .columns, .columns, clipRows)),
            dropped.span, gradient.span, into: &dV)

        var dScores = dropped
        product(
            GemmShape(
                m: rows, n: rows, k: headSize, transposeB: true, leadingA: width,
                leadingB: width,
                batches: batches(.columns, .columns, .stacked, clipRows)),
            gradient.span, cache.value.span, into: &dScores)
        dropout?.apply(to: &dScores, site: site)
        var span = dScores.mutableSpan
        softmaxRowsBackward(cache.probabilities.span, gradient: &span, width: rows)

        var (dQ, dK) = (dV, dV)
        let layout = batches(.stacked, .columns, .columns, clipRows)
        product(
            GemmShape(
                m: rows, n: headSize, k: rows, leadingB: width, leadingC: width,
                alpha: scale, batches: layout),
            dScores.span, cache.key.span, into: &dQ)
        product(
            GemmShape(
                m: rows, n: headSize, k: rows, transposeA: true, leadingB: width,
                leadingC: width, alpha: scale, batches: layout),
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

/// Gives scores of padding, Float32 (any, `width`), a value whose exponential is 0.
func hideColumns(
    _ columns: Range<Int>, ofRows rows: Range<Int>, width: Int, in scores: inout [Float]
) {
    guard !columns.isEmpty else { return }
    for row in rows {
        for column in columns { scores[row * width + column] = -1e30 }
    }
}
