import Tensors

/// Attention among the rows of each clip: its query tokens and, if there is one, its prompt.
///
/// Which rows attend to which is a matter of `ClipRows.attentionBlocks`.
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
        /// Float32 (B, K, S, `scoresPerRow`), before dropout.
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

    /// alpha · op(A)·op(B) of each attention block, head and clip, by the math threads.
    ///
    /// Where C holds query rows, the first block fills them and later ones add to them. Each
    /// operand has the shape that `AttentionBlock.Operand` says.
    private func multiply(
        _ a: (operand: AttentionBlock.Operand, values: [Float], isTransposed: Bool),
        _ b: (operand: AttentionBlock.Operand, values: [Float], isTransposed: Bool),
        into c: AttentionBlock.Operand, _ result: inout [Float], _ rows: ClipRows,
        alpha: Float = 1
    ) {
        func leading(_ operand: AttentionBlock.Operand) -> Int {
            operand == .scores ? rows.scoresPerRow : width
        }
        for (index, block) in rows.attentionBlocks.enumerated() {
            let shape = GemmShape(
                m: c == .keys ? block.numKeys : block.numRows,
                n: c == .scores ? block.numKeys : headSize,
                k: c == .scores ? headSize : c == .keys ? block.numRows : block.numKeys,
                transposeA: a.isTransposed, transposeB: b.isTransposed,
                leadingA: leading(a.operand), leadingB: leading(b.operand), leadingC: leading(c),
                alpha: alpha, accumulate: c == .queries && index > 0,
                batches: block.batches(
                    a.operand, b.operand, c, rows, width: width, numHeads: numHeads))
            func start(_ operand: AttentionBlock.Operand) -> Int {
                block.start(operand, rows, width: width)
            }
            result.withMutableSpan(of: start(c)..<result.count) {
                gemmInParallel(
                    shape, a.values.span.extracting(start(a.operand)...),
                    b.values.span.extracting(start(b.operand)...), into: &$0)
            }
        }
    }

    /// Attends among the rows x, Float32 (B·S, width); nothing attends to padding.
    /// - Returns: The context, Float32 (B·S, width).
    func forward(
        _ x: [Float], _ clipRows: ClipRows, dropout: Dropout?, _ store: ParameterStore
    ) -> (context: [Float], cache: Cache) {
        let width = clipRows.scoresPerRow
        let (q, k, v) = (query.forward(x, store), key.forward(x, store), value.forward(x, store))
        var scores = [Float](
            repeating: 0, count: clipRows.numClips * numHeads * clipRows.rowsPerClip * width)
        multiply(
            (.queries, q, false), (.keys, k, true), into: .scores, &scores, clipRows, alpha: scale)
        clipRows.hidePadding(in: &scores, numHeads: numHeads)
        var span = scores.mutableSpan
        softmaxRows(&span, width: width)
        let probabilities = scores
        dropout?.apply(to: &scores, site: site)
        var context = [Float](repeating: 0, count: x.count)
        multiply((.scores, scores, false), (.keys, v, false), into: .queries, &context, clipRows)
        return (context, Cache(x: x, query: q, key: k, value: v, probabilities: probabilities))
    }

    /// Adds the parameters' gradients, given dContext, Float32 (B·S, width).
    /// - Returns: DX, Float32 (B·S, width).
    func backward(
        _ cache: Cache, gradient: [Float], _ clipRows: ClipRows, dropout: Dropout?,
        _ store: inout ParameterStore
    ) -> [Float] {
        var dropped = cache.probabilities
        dropout?.apply(to: &dropped, site: site)
        var dV = [Float](repeating: 0, count: cache.x.count)
        multiply(
            (.scores, dropped, true), (.queries, gradient, false), into: .keys, &dV, clipRows)

        var dScores = dropped
        multiply(
            (.queries, gradient, false), (.keys, cache.value, true), into: .scores, &dScores,
            clipRows)
        dropout?.apply(to: &dScores, site: site)
        var span = dScores.mutableSpan
        softmaxRowsBackward(
            cache.probabilities.span, gradient: &span, width: clipRows.scoresPerRow)

        var (dQ, dK) = (dV, dV)
        multiply(
            (.scores, dScores, false), (.keys, cache.key, false), into: .queries, &dQ, clipRows,
            alpha: scale)
        multiply(
            (.scores, dScores, true), (.queries, cache.query, false), into: .keys, &dK, clipRows,
            alpha: scale)

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
