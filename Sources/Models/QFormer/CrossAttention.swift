import Tensors

/// Attention of the query tokens to all frame tokens of their clip, with keys and values absorbed.
///
/// The frame tokens X (L, E) are frozen and the queries few, so K = X·Wkᵀ and V = X·Wvᵀ are never
/// formed. Per clip and head h: A = q·Wk / √d (Q, E), P = softmax(A·Xᵀ), U = P·X (Q, E),
/// context = U·Wvᵀ + bv · Σ P. The key bias adds a constant to each row of scores, which softmax
/// ignores: it takes no part, and its gradient is zero. Heads are stacked, so the two large
/// products of a clip have K·Q rows.
/// Source: transformers, `Blip2QFormerMultiHeadAttention` with `is_cross_attention`, same function.
struct CrossAttention: Sendable {
    private let query: Linear
    private let key: Linear
    private let value: Linear
    private let numHeads: Int
    private let width: Int
    private let encoderWidth: Int
    private let numQueries: Int
    private let site: Int

    /// What the backward pass needs.
    struct Cache {
        let x: [Float]
        /// Float32 (B·Q, width).
        let query: [Float]
        /// P before dropout, Float32 (B, K, Q, L).
        let probabilities: [Float]
        /// U, Float32 (B, K, Q, E).
        let mixed: [Float]
        /// Σ P after dropout, Float32 (B, K, Q).
        let sums: [Float]
    }

    init(
        _ name: String, configuration: QFormerConfiguration, site: Int,
        in store: inout ParameterStore, seed: UInt64
    ) {
        width = configuration.hiddenSize
        encoderWidth = configuration.encoderHiddenSize
        numHeads = configuration.numAttentionHeads
        numQueries = configuration.numQueryTokens
        query = Linear(name + ".query", inputs: width, outputs: width, in: &store, seed: seed)
        key = Linear(name + ".key", inputs: encoderWidth, outputs: width, in: &store, seed: seed)
        value = Linear(
            name + ".value", inputs: encoderWidth, outputs: width, in: &store, seed: seed)
        self.site = site
    }

    private var headSize: Int { width / numHeads }
    private var scale: Float { 1 / Float(headSize).squareRoot() }
    /// K·Q, the rows of a clip's large products.
    private var rows: Int { numHeads * numQueries }

    /// Clips × heads of A·B with one weight for all clips.
    ///
    /// A holds heads as columns (Q, width), B is a weight with heads as rows (width, E), C stacks
    /// (Q, E).
    private func absorbing(numClips: Int) -> [GemmBatch] {
        [
            GemmBatch(
                count: numClips, strideA: numQueries * width, strideB: 0,
                strideC: rows * encoderWidth),
            GemmBatch(
                count: numHeads, strideA: headSize, strideB: headSize * encoderWidth,
                strideC: numQueries * encoderWidth),
        ]
    }

    /// Clips × heads of A·Bᵀ with one weight for all clips.
    ///
    /// A stacks (Q, E), B is a weight with heads as rows (width, E), C holds heads as columns (Q,
    /// width).
    private func releasing(numClips: Int) -> [GemmBatch] {
        absorbing(numClips: numClips).map {
            GemmBatch(
                count: $0.count, strideA: $0.strideC, strideB: $0.strideB, strideC: $0.strideA)
        }
    }

    /// Per clip (rows, E)·Xᵀ = (rows, L).
    private func scoring(numClips: Int, numTokens: Int) -> GemmShape {
        GemmShape(
            m: rows, n: numTokens, k: encoderWidth, transposeB: true,
            batches: [
                GemmBatch(
                    count: numClips, strideA: rows * encoderWidth,
                    strideB: numTokens * encoderWidth, strideC: rows * numTokens)
            ])
    }

    /// Per clip (rows, L)·X = (rows, E).
    private func mixing(numClips: Int, numTokens: Int) -> GemmShape {
        GemmShape(
            m: rows, n: encoderWidth, k: numTokens,
            batches: [
                GemmBatch(
                    count: numClips, strideA: rows * numTokens,
                    strideB: numTokens * encoderWidth, strideC: rows * encoderWidth)
            ])
    }

    /// Attends from the queries to the frame tokens of their clip.
    /// - Parameters:
    ///   - x: Float32 (B·Q, width).
    ///   - tokens: The clips' frame tokens, Float32 (B, L, E).
    ///   - dropout: Acts on the probabilities; `nil` outside training.
    ///   - store: Holds the weights.
    /// - Returns: The context, Float32 (B·Q, width).
    func forward(
        _ x: [Float], tokens: Span<Float>, dropout: Dropout?, _ store: ParameterStore
    ) -> (context: [Float], cache: Cache) {
        let numClips = x.count / (numQueries * width)
        let numTokens = tokens.count / (numClips * encoderWidth)
        let q = query.forward(x, store)
        var absorbed = [Float](repeating: 0, count: numClips * rows * encoderWidth)
        product(
            GemmShape(
                m: numQueries, n: encoderWidth, k: headSize, leadingA: width, alpha: scale,
                batches: absorbing(numClips: numClips)),
            q.span, store.values.span.extracting(key.weight.range), into: &absorbed)
        var scores = [Float](repeating: 0, count: numClips * rows * numTokens)
        product(
            scoring(numClips: numClips, numTokens: numTokens), absorbed.span, tokens, into: &scores)
        var span = scores.mutableSpan
        softmaxRows(&span, width: numTokens)
        let probabilities = scores
        dropout?.apply(to: &scores, site: site)

        product(
            mixing(numClips: numClips, numTokens: numTokens), scores.span, tokens, into: &absorbed)
        let sums = rowSums(of: scores, width: numTokens)
        var context = biasContext(sums, numClips: numClips, store)
        product(
            GemmShape(
                m: numQueries, n: headSize, k: encoderWidth, transposeB: true, leadingC: width,
                accumulate: true, batches: releasing(numClips: numClips)),
            absorbed.span, store.values.span.extracting(value.weight.range), into: &context)
        let cache = Cache(
            x: x, query: q, probabilities: probabilities, mixed: absorbed, sums: sums)
        return (context, cache)
    }

    /// Adds the parameters' gradients, given dContext, Float32 (B·Q, width).
    /// - Returns: dX, Float32 (B·Q, width). The frame tokens get no gradient.
    func backward(
        _ cache: Cache, gradient: [Float], tokens: Span<Float>, dropout: Dropout?,
        _ store: inout ParameterStore
    ) -> [Float] {
        let numClips = cache.x.count / (numQueries * width)
        let numTokens = tokens.count / (numClips * encoderWidth)
        addWeightGradient(of: value.weight, columns: gradient, stacked: cache.mixed, 1, &store)
        let dSums = addBiasGradient(gradient, sums: cache.sums, &store)

        var dMixed = cache.mixed
        product(
            GemmShape(
                m: numQueries, n: encoderWidth, k: headSize, leadingA: width,
                batches: absorbing(numClips: numClips)),
            gradient.span, store.values.span.extracting(value.weight.range), into: &dMixed)
        var dScores = [Float](repeating: 0, count: cache.probabilities.count)
        product(
            scoring(numClips: numClips, numTokens: numTokens), dMixed.span, tokens, into: &dScores)
        for row in dSums.indices {
            for token in 0..<numTokens { dScores[row * numTokens + token] += dSums[row] }
        }
        dropout?.apply(to: &dScores, site: site)
        var span = dScores.mutableSpan
        softmaxRowsBackward(cache.probabilities.span, gradient: &span, width: numTokens)

        var dAbsorbed = dMixed
        product(
            mixing(numClips: numClips, numTokens: numTokens), dScores.span, tokens,
            into: &dAbsorbed)
        addWeightGradient(of: key.weight, columns: cache.query, stacked: dAbsorbed, scale, &store)
        var dQuery = [Float](repeating: 0, count: cache.query.count)
        product(
            GemmShape(
                m: numQueries, n: headSize, k: encoderWidth, transposeB: true, leadingC: width,
                alpha: scale, batches: releasing(numClips: numClips)),
            dAbsorbed.span, store.values.span.extracting(key.weight.range), into: &dQuery)
        return query.backward(cache.x, gradient: dQuery, &store)
    }

    /// dW_h += alpha · Σ over clips of columns_hᵀ (d, Q) · stacked_h (Q, E), clip by clip.
    private func addWeightGradient(
        of weight: Parameter, columns: [Float], stacked: [Float], _ alpha: Float,
        _ store: inout ParameterStore
    ) {
        let numClips = columns.count / (numQueries * width)
        for clip in 0..<numClips {
            store.addProduct(
                GemmShape(
                    m: headSize, n: encoderWidth, k: numQueries, transposeA: true,
                    leadingA: width, alpha: alpha, accumulate: true,
                    batches: [
                        GemmBatch(
                            count: numHeads, strideA: headSize, strideB: numQueries * encoderWidth,
                            strideC: headSize * encoderWidth)
                    ]),
                columns.span.extracting((clip * numQueries * width)...),
                stacked.span.extracting((clip * rows * encoderWidth)...), to: weight)
        }
    }

    private func rowSums(of scores: [Float], width: Int) -> [Float] {
        stride(from: 0, to: scores.count, by: width).map { start in
            scores[start..<start + width].reduce(0, +)
        }
    }

    /// bv · Σ P for each clip, query and head, Float32 (B·Q, width).
    private func biasContext(
        _ sums: [Float], numClips: Int, _ store: ParameterStore
    ) -> [Float] {
        let bias = store.values[value.bias.range]
        var context: [Float] = []
        context.reserveCapacity(numClips * numQueries * width)
        for clip in 0..<numClips {
            for query in 0..<numQueries {
                for column in 0..<width {
                    let head = column / headSize
                    let sum = sums[(clip * numHeads + head) * numQueries + query]
                    context.append(bias[bias.startIndex + column] * sum)
                }
            }
        }
        return context
    }

    /// dbv += Σ dContext · Σ P.
    /// - Returns: the gradient of Σ P, Float32 (B, K, Q).
    private func addBiasGradient(
        _ gradient: [Float], sums: [Float], _ store: inout ParameterStore
    ) -> [Float] {
        var dSums = [Float](repeating: 0, count: sums.count)
        let start = value.bias.range.lowerBound
        for row in 0..<gradient.count / width {
            let (clip, query) = row.quotientAndRemainder(dividingBy: numQueries)
            for column in 0..<width {
                let place = (clip * numHeads + column / headSize) * numQueries + query
                let slope = gradient[row * width + column]
                store.gradients[start + column] += slope * sums[place]
                dSums[place] += slope * store.values[start + column]
            }
        }
        return dSums
    }
}
