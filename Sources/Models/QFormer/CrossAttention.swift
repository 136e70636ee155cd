import Tensors

/// Attention of the query tokens to all frame tokens of their clip, with keys and values absorbed.
///
/// The frame tokens X (L, E) are frozen and the queries few, so K = X·Wkᵀ and V = X·Wvᵀ are never
/// formed. Per clip and head h: A = q / √d · Wk (Q, E), P = softmax(A·Xᵀ), U = P·X (Q, E),
/// context = U·Wvᵀ + bv · Σ P. The key bias adds a constant to each row of scores, which softmax
/// ignores: it takes no part, and its gradient is zero. The rows of several heads are stacked for
/// the two large products; one thread does all of them, for one clip.
/// Source: transformers, `Blip2QFormerMultiHeadAttention` with `is_cross_attention`, same function.
struct CrossAttention: Sendable {
    private let query: Linear
    private let key: Linear
    private let value: Linear
    private let numHeads: Int
    private let width: Int
    private let encoderWidth: Int
    private let numQueries: Int
    private let headsPerBlock: Int
    private let site: Int

    /// What the backward pass needs.
    struct Cache {
        let x: [Float]
        /// q / √d, Float32 (B·Q, width).
        let query: [Float]
        /// Clip by clip, each with all groups of heads.
        let blocks: [Block]
    }

    /// Some heads of one clip, K of them.
    struct Block: Sendable {
        /// P before dropout, Float32 (K, Q, L).
        let probabilities: [Float]
        /// U, Float32 (K, Q, E).
        let mixed: [Float]
        /// Σ P after dropout, Float32 (K, Q).
        let sums: [Float]
        /// Float32 (K, Q, d).
        let context: [Float]
    }

    /// The gradients of a `Block`.
    private struct BlockGradient: Sendable {
        /// dA, Float32 (K, Q, E).
        let absorbed: [Float]
        /// d(q / √d), Float32 (K, Q, d).
        let query: [Float]
    }

    init(
        _ name: String, configuration: QFormerConfiguration, site: Int,
        in store: inout ParameterStore
    ) {
        width = configuration.hiddenSize
        encoderWidth = configuration.encoderHiddenSize
        numHeads = configuration.numAttentionHeads
        numQueries = configuration.numQueryTokens
        headsPerBlock = configuration.headsPerBlock
        query = Linear(name + ".query", inputs: width, outputs: width, in: &store)
        key = Linear(name + ".key", inputs: encoderWidth, outputs: width, in: &store)
        value = Linear(
            name + ".value", inputs: encoderWidth, outputs: width, in: &store)
        self.site = site
    }

    private var headSize: Int { width / numHeads }
    private var scale: Float { 1 / Float(headSize).squareRoot() }
    private var blocksPerClip: Int { numHeads / headsPerBlock }

    /// Clip and heads of block `index`.
    private func place(ofBlock index: Int) -> (clip: Int, heads: Range<Int>) {
        let (clip, block) = index.quotientAndRemainder(dividingBy: blocksPerClip)
        return (clip, block * headsPerBlock..<(block + 1) * headsPerBlock)
    }

    /// Attends from the queries to the frame tokens of their clip.
    /// - Parameters:
    ///   - x: Float32 (B·Q, width).
    ///   - tokens: The clips' frame tokens.
    ///   - dropout: Acts on the probabilities; `nil` outside training.
    ///   - store: Holds the weights.
    /// - Returns: The context, Float32 (B·Q, width).
    func forward(
        _ x: [Float], tokens: FrameTokens, dropout: Dropout?, _ store: ParameterStore
    ) -> (context: [Float], cache: Cache) {
        var q = query.forward(x, store)
        for index in q.indices { q[index] *= scale }
        let blocks = mapInParallel(tokens.numClips * blocksPerClip) { [q] index in
            let (clip, heads) = place(ofBlock: index)
            return block(clip, heads, query: q, tokens, dropout, store)
        }
        let context = joined(blocks.map(\.context))
        return (context, Cache(x: x, query: q, blocks: blocks))
    }

    /// Adds the parameters' gradients, given dContext, Float32 (B·Q, width).
    /// - Returns: dX, Float32 (B·Q, width). The frame tokens get no gradient.
    func backward(
        _ cache: Cache, gradient: [Float], tokens: FrameTokens, dropout: Dropout?,
        _ store: inout ParameterStore
    ) -> [Float] {
        let gradients = blockGradients(cache, gradient: gradient, tokens, dropout, store)
        addWeightGradients(cache, dContext: gradient, gradients, &store)
        var dQuery = joined(gradients.map(\.query))
        for index in dQuery.indices { dQuery[index] *= scale }
        return query.backward(cache.x, gradient: dQuery, &store)
    }

    private func blockGradients(
        _ cache: Cache, gradient: [Float], _ tokens: FrameTokens, _ dropout: Dropout?,
        _ store: ParameterStore
    ) -> [BlockGradient] {
        mapInParallel(cache.blocks.count) { index in
            let (clip, heads) = place(ofBlock: index)
            return backward(
                cache.blocks[index], clip, heads, gradient: gradient, tokens, dropout, store)
        }
    }

    // MARK: - One block

    private func block(
        _ clip: Int, _ heads: Range<Int>, query: [Float], _ tokens: FrameTokens,
        _ dropout: Dropout?, _ store: ParameterStore
    ) -> Block {
        let absorbed = absorb(query, clip, heads, key.weight, store)
        var scores = tokens.scores(of: absorbed, clip: clip)
        hideColumns(
            tokens.lengths[clip]..<tokens.tokensPerClip, ofRows: 0..<heads.count * numQueries,
            width: tokens.tokensPerClip, in: &scores)
        var rows = scores.mutableSpan
        softmaxRows(&rows, width: tokens.tokensPerClip)
        let probabilities = scores
        apply(dropout, to: &scores, clip, heads, tokens)
        let mixed = tokens.mixture(of: scores, clip: clip)
        let sums = rowSums(of: scores, width: tokens.tokensPerClip)
        var context = [Float](repeating: 0, count: heads.count * numQueries * headSize)
        for row in sums.indices {
            let bias =
                value.bias.range.lowerBound + (heads.lowerBound + row / numQueries) * headSize
            for column in 0..<headSize {
                context[row * headSize + column] = store.values[bias + column] * sums[row]
            }
        }
        release(mixed, heads, value.weight, store, into: &context)
        return Block(probabilities: probabilities, mixed: mixed, sums: sums, context: context)
    }

    private func backward(
        _ block: Block, _ clip: Int, _ heads: Range<Int>, gradient: [Float],
        _ tokens: FrameTokens, _ dropout: Dropout?, _ store: ParameterStore
    ) -> BlockGradient {
        let numTokens = tokens.tokensPerClip
        let dMixed = absorb(gradient, clip, heads, value.weight, store)
        var dScores = tokens.scores(of: dMixed, clip: clip)
        for row in block.sums.indices {
            let dSum = biasSlope(gradient, clip, heads, row: row, store)
            for token in 0..<numTokens { dScores[row * numTokens + token] += dSum }
        }
        apply(dropout, to: &dScores, clip, heads, tokens)
        var span = dScores.mutableSpan
        softmaxRowsBackward(block.probabilities.span, gradient: &span, width: numTokens)
        let dAbsorbed = tokens.mixture(of: dScores, clip: clip)
        var dQuery = [Float](repeating: 0, count: heads.count * numQueries * headSize)
        release(dAbsorbed, heads, key.weight, store, into: &dQuery)
        return BlockGradient(absorbed: dAbsorbed, query: dQuery)
    }

    /// The gradient of Σ P of one row: dContext · bv.
    private func biasSlope(
        _ gradient: [Float], _ clip: Int, _ heads: Range<Int>, row: Int, _ store: ParameterStore
    ) -> Float {
        let head = heads.lowerBound + row / numQueries
        let place = (clip * numQueries + row % numQueries) * width + head * headSize
        let bias = value.bias.range.lowerBound + head * headSize
        var sum: Float = 0
        for column in 0..<headSize { sum += gradient[place + column] * store.values[bias + column] }
        return sum
    }

    /// Columns of each head (Q, d) · its rows of `weight` (d, E), stacked to Float32 (K, Q, E).
    private func absorb(
        _ columns: [Float], _ clip: Int, _ heads: Range<Int>, _ weight: Parameter,
        _ store: ParameterStore
    ) -> [Float] {
        [Float](count: heads.count * numQueries * encoderWidth) { stacked in
            gemm(
                GemmShape(
                    m: numQueries, n: encoderWidth, k: headSize, leadingA: width,
                    batches: [
                        GemmBatch(
                            count: heads.count, strideA: headSize,
                            strideB: headSize * encoderWidth, strideC: numQueries * encoderWidth)
                    ]),
                columns.span.extracting(
                    (clip * numQueries * width + heads.lowerBound * headSize)...),
                store.values.span.extracting(rows(of: weight, heads)), into: &stacked)
        }
    }

    /// Adds `stacked` (K, Q, E) · the heads' rows of `weight`ᵀ (E, d) to `target`, (K, Q, d).
    private func release(
        _ stacked: [Float], _ heads: Range<Int>, _ weight: Parameter,
        _ store: ParameterStore, into target: inout [Float]
    ) {
        var span = target.mutableSpan
        gemm(
            GemmShape(
                m: numQueries, n: headSize, k: encoderWidth, transposeB: true, accumulate: true,
                batches: [
                    GemmBatch(
                        count: heads.count, strideA: numQueries * encoderWidth,
                        strideB: headSize * encoderWidth, strideC: numQueries * headSize)
                ]),
            stacked.span, store.values.span.extracting(rows(of: weight, heads)), into: &span)
    }

    /// Where the heads' rows of `weight` lie in the store.
    private func rows(of weight: Parameter, _ heads: Range<Int>) -> Range<Int> {
        let start = weight.range.lowerBound + heads.lowerBound * headSize * encoderWidth
        return start..<start + heads.count * headSize * encoderWidth
    }

    private func apply(
        _ dropout: Dropout?, to scores: inout [Float], _ clip: Int, _ heads: Range<Int>,
        _ tokens: FrameTokens
    ) {
        let row = (clip * numHeads + heads.lowerBound) * numQueries
        var span = scores.mutableSpan
        dropout?.apply(to: &span, site: site, from: row * tokens.tokensPerClip)
    }

    // MARK: - All blocks

    /// Blocks of Float32 (K, Q, d) as the columns of Float32 (B·Q, width).
    private func joined(_ blocks: [[Float]]) -> [Float] {
        let numClips = blocks.count / blocksPerClip
        var whole = [Float](repeating: 0, count: numClips * numQueries * width)
        for (index, block) in blocks.enumerated() {
            let (clip, heads) = place(ofBlock: index)
            for row in 0..<heads.count * numQueries {
                let start =
                    (clip * numQueries + row % numQueries) * width
                    + (heads.lowerBound + row / numQueries) * headSize
                whole.replaceSubrange(
                    start..<start + headSize, with: block[row * headSize..<(row + 1) * headSize])
            }
        }
        return whole
    }

    /// dWv += dContextᵀ·U, dWk += (q / √d)ᵀ·dA, dbv += Σ dContext · Σ P, head by head and clip by clip.
    private func addWeightGradients(
        _ cache: Cache, dContext: [Float], _ gradients: [BlockGradient],
        _ store: inout ParameterStore
    ) {
        // One block for each head of each parameter, so that every sum is one thread's.
        let parts: [(parameter: Parameter, rowSize: Int)] = [
            (value.weight, encoderWidth), (key.weight, encoderWidth), (value.bias, 1),
        ]
        let ranges = parts.flatMap { parameter, rowSize in
            (0..<numHeads).map { head in
                let start = parameter.range.lowerBound + head * headSize * rowSize
                return start..<start + headSize * rowSize
            }
        }
        store.gradients.forEachInParallel(of: ranges) { number, gradient in
            let head = number % numHeads
            let (block, position) = head.quotientAndRemainder(dividingBy: headsPerBlock)
            for clip in 0..<cache.blocks.count / blocksPerClip {
                let index = clip * blocksPerClip + block
                switch number / numHeads {
                case 0:
                    addWeightGradient(
                        head, position, columns: dContext, clip,
                        stacked: cache.blocks[index].mixed, to: &gradient)
                case 1:
                    addWeightGradient(
                        head, position, columns: cache.query, clip,
                        stacked: gradients[index].absorbed, to: &gradient)
                default:
                    addBiasGradient(
                        head, position, dContext, clip, sums: cache.blocks[index].sums,
                        to: &gradient)
                }
            }
        }
    }

    /// dW_h += columns_hᵀ (d, Q) · stacked_h (Q, E).
    private func addWeightGradient(
        _ head: Int, _ position: Int, columns: [Float], _ clip: Int, stacked: [Float],
        to gradient: inout MutableSpan<Float>
    ) {
        gemm(
            GemmShape(
                m: headSize, n: encoderWidth, k: numQueries, transposeA: true, leadingA: width,
                accumulate: true),
            columns.span.extracting((clip * numQueries * width + head * headSize)...),
            stacked.span.extracting((position * numQueries * encoderWidth)...), into: &gradient)
    }

    private func addBiasGradient(
        _ head: Int, _ position: Int, _ dContext: [Float], _ clip: Int, sums: [Float],
        to gradient: inout MutableSpan<Float>
    ) {
        for query in 0..<numQueries {
            let place = (clip * numQueries + query) * width + head * headSize
            let sum = sums[position * numQueries + query]
            for column in 0..<headSize { gradient[column] += dContext[place + column] * sum }
        }
    }
}
