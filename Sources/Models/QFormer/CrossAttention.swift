import Tensors

/// Attention of the query tokens to a sequence of frame tokens, with keys and values absorbed.
///
/// The sequence is that of the clip, or of the frame that the queries belong to. The frame tokens
/// X (L, E) are frozen and the queries few, so K = X·Wkᵀ and V = X·Wvᵀ are never
/// formed. Per sequence and head h: A = q / √d · Wk (Q, E), P = softmax(A·Xᵀ), U = P·X (Q, E),
/// context = U·Wvᵀ + bv · Σ P. The key bias adds a constant to each row of scores, which softmax
/// ignores: it takes no part, and its gradient is zero. The rows of several heads are stacked for
/// the two large products; one thread does all of them, for one sequence.
/// Source: transformers, `Blip2QFormerMultiHeadAttention` with `is_cross_attention`, same function.
struct CrossAttention: Sendable {
    private let query: Linear
    let key: Linear
    let value: Linear
    let numHeads: Int
    let width: Int
    let encoderWidth: Int
    let numQueries: Int
    let headsPerBlock: Int
    private let site: Int

    /// What the backward pass needs.
    struct Cache {
        let x: [Float]
        /// q / √d, Float32 (N·Q, width); N sequences.
        let query: [Float]
        /// Sequence by sequence, each with all groups of heads.
        let blocks: [Block]
    }

    /// Some heads of one sequence, K of them.
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
    struct BlockGradient: Sendable {
        /// dA, Float32 (K, Q, E).
        let absorbed: [Float]
        /// d(q / √d), Float32 (K, Q, d).
        let query: [Float]
        /// Of the positions added to the tokens, Float32 (T, E); empty if there are none.
        let positions: [Float]
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

    var headSize: Int { width / numHeads }
    private var scale: Float { 1 / Float(headSize).squareRoot() }
    var blocksPerSequence: Int { numHeads / headsPerBlock }

    /// Sequence and heads of block `index`.
    func place(ofBlock index: Int) -> (sequence: Int, heads: Range<Int>) {
        let (sequence, block) = index.quotientAndRemainder(dividingBy: blocksPerSequence)
        return (sequence, block * headsPerBlock..<(block + 1) * headsPerBlock)
    }

    /// Attends from the queries to the frame tokens of their sequence.
    /// - Parameters:
    ///   - x: Float32 (N·Q, width).
    ///   - view: The frame tokens of the N sequences.
    ///   - dropout: Acts on the probabilities; `nil` outside training.
    ///   - store: Holds the weights.
    /// - Returns: The context, Float32 (N·Q, width).
    func forward(
        _ x: [Float], _ view: TokenView, dropout: Dropout?, _ store: ParameterStore
    ) -> (context: [Float], cache: Cache) {
        var q = query.forward(x, store)
        for index in q.indices { q[index] *= scale }
        let blocks = mapInParallel(view.tokens.numSequences * blocksPerSequence) { [q] index in
            let (sequence, heads) = place(ofBlock: index)
            return block(sequence, heads, query: q, view, dropout, store)
        }
        let context = joined(blocks.map(\.context))
        return (context, Cache(x: x, query: q, blocks: blocks))
    }

    /// Adds the parameters' gradients, given dContext, Float32 (N·Q, width).
    ///
    /// The frame tokens get no gradient; that of the positions added to them is added to
    /// `dPositions`, Float32 (N, T, E), if there are any.
    /// - Returns: DX, Float32 (N·Q, width).
    func backward(
        _ cache: Cache, gradient: [Float], _ view: TokenView, dropout: Dropout?,
        dPositions: inout [Float], _ store: inout ParameterStore
    ) -> [Float] {
        let gradients = blockGradients(cache, gradient: gradient, view, dropout, store)
        addPositionGradients(gradients, to: &dPositions)
        addWeightGradients(cache, dContext: gradient, gradients, &store)
        var dQuery = joined(gradients.map(\.query))
        for index in dQuery.indices { dQuery[index] *= scale }
        return query.backward(cache.x, gradient: dQuery, &store)
    }

    /// The gradients of all blocks, given dContext, Float32 (N·Q, width).
    private func blockGradients(
        _ cache: Cache, gradient: [Float], _ view: TokenView, _ dropout: Dropout?,
        _ store: ParameterStore
    ) -> [BlockGradient] {
        mapInParallel(cache.blocks.count) { index in
            let (sequence, heads) = place(ofBlock: index)
            return backward(
                cache, index, sequence, heads, gradient: gradient, view, dropout, store)
        }
    }

    // MARK: - One block

    /// The forward pass of some heads of one sequence, given q / √d, Float32 (N·Q, width).
    private func block(
        _ sequence: Int, _ heads: Range<Int>, query: [Float], _ view: TokenView,
        _ dropout: Dropout?, _ store: ParameterStore
    ) -> Block {
        let (length, numTokens) = (view.tokens.lengths[sequence], view.tokens.tokensPerSequence)
        let absorbed = absorb(query, sequence, heads, key.weight, store)
        var scores = view.scores(of: absorbed, sequence: sequence)
        hideColumns(
            length..<numTokens, ofRows: 0..<heads.count * numQueries, width: numTokens, in: &scores)
        var rows = scores.mutableSpan
        softmaxRows(&rows, width: numTokens)
        let probabilities = scores
        apply(dropout, to: &scores, sequence, heads, numTokens)
        let mixed = view.mixture(of: scores, sequence: sequence)
        let sums = rowSums(of: scores, width: numTokens)
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

    /// The backward pass of block `index`, given dContext, Float32 (N·Q, width).
    private func backward(
        _ cache: Cache, _ index: Int, _ sequence: Int, _ heads: Range<Int>, gradient: [Float],
        _ view: TokenView, _ dropout: Dropout?, _ store: ParameterStore
    ) -> BlockGradient {
        let block = cache.blocks[index]
        let numTokens = view.tokens.tokensPerSequence
        let dMixed = absorb(gradient, sequence, heads, value.weight, store)
        var dScores = view.scores(of: dMixed, sequence: sequence)
        for row in block.sums.indices {
            let dSum = biasSlope(gradient, sequence, heads, row: row, store)
            for token in 0..<numTokens { dScores[row * numTokens + token] += dSum }
        }
        apply(dropout, to: &dScores, sequence, heads, numTokens)
        var span = dScores.mutableSpan
        softmaxRowsBackward(block.probabilities.span, gradient: &span, width: numTokens)
        let dAbsorbed = view.mixture(of: dScores, sequence: sequence)
        var dQuery = [Float](repeating: 0, count: heads.count * numQueries * headSize)
        release(dAbsorbed, heads, key.weight, store, into: &dQuery)
        var dPositions: [Float] = []
        if view.hasPositions {
            var dropped = block.probabilities
            apply(dropout, to: &dropped, sequence, heads, numTokens)
            view.addPositionGradient(dropped, dMixed, to: &dPositions)
            view.addPositionGradient(
                dScores, absorb(cache.query, sequence, heads, key.weight, store), to: &dPositions)
        }
        return BlockGradient(absorbed: dAbsorbed, query: dQuery, positions: dPositions)
    }

    /// The gradient of Σ P of one row: dContext · bv.
    private func biasSlope(
        _ gradient: [Float], _ sequence: Int, _ heads: Range<Int>, row: Int, _ store: ParameterStore
    ) -> Float {
        let head = heads.lowerBound + row / numQueries
        let place = (sequence * numQueries + row % numQueries) * width + head * headSize
        let bias = value.bias.range.lowerBound + head * headSize
        var sum: Float = 0
        for column in 0..<headSize { sum += gradient[place + column] * store.values[bias + column] }
        return sum
    }

    /// Columns of each head (Q, d) · its rows of `weight` (d, E), stacked to Float32 (K, Q, E).
    private func absorb(
        _ columns: [Float], _ sequence: Int, _ heads: Range<Int>, _ weight: Parameter,
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
                    (sequence * numQueries * width + heads.lowerBound * headSize)...),
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

    /// Multiplies `scores`, Float32 (K, Q, L), by the mask of their heads and sequence.
    private func apply(
        _ dropout: Dropout?, to scores: inout [Float], _ sequence: Int, _ heads: Range<Int>,
        _ numTokens: Int
    ) {
        let row = (sequence * numHeads + heads.lowerBound) * numQueries
        var span = scores.mutableSpan
        dropout?.apply(to: &span, site: site, from: row * numTokens)
    }

    // MARK: - All blocks

    /// Blocks of Float32 (K, Q, d) as the columns of Float32 (N·Q, width).
    private func joined(_ blocks: [[Float]]) -> [Float] {
        let numSequences = blocks.count / blocksPerSequence
        var whole = [Float](repeating: 0, count: numSequences * numQueries * width)
        for (index, block) in blocks.enumerated() {
            let (sequence, heads) = place(ofBlock: index)
            for row in 0..<heads.count * numQueries {
                let start =
                    (sequence * numQueries + row % numQueries) * width
                    + (heads.lowerBound + row / numQueries) * headSize
                whole.replaceSubrange(
                    start..<start + headSize, with: block[row * headSize..<(row + 1) * headSize])
            }
        }
        return whole
    }
}
