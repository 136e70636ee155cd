import Tensors

// How the gradients of all blocks come together.

extension CrossAttention {
    /// Adds the gradients of each sequence's blocks, in their order, to `sums`, Float32 (N, T, E).
    func addPositionGradients(_ gradients: [BlockGradient], to sums: inout [Float]) {
        for (index, gradient) in gradients.enumerated() where !gradient.positions.isEmpty {
            let start = place(ofBlock: index).sequence * gradient.positions.count
            for (place, value) in gradient.positions.enumerated() { sums[start + place] += value }
        }
    }

    /// dWv += dContextᵀ·U, dWk += (q / √d)ᵀ·dA, dbv += Σ dContext · Σ P, head by head and, for
    /// each, sequence by sequence, given dContext, Float32 (N·Q, width).
    func addWeightGradients(
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
            for sequence in 0..<cache.blocks.count / blocksPerSequence {
                let index = sequence * blocksPerSequence + block
                switch number / numHeads {
                case 0:
                    addWeightGradient(
                        head, position, columns: dContext, sequence,
                        stacked: cache.blocks[index].mixed, to: &gradient)
                case 1:
                    addWeightGradient(
                        head, position, columns: cache.query, sequence,
                        stacked: gradients[index].absorbed, to: &gradient)
                default:
                    addBiasGradient(
                        head, position, dContext, sequence, sums: cache.blocks[index].sums,
                        to: &gradient)
                }
            }
        }
    }

    /// dW_h += columns_hᵀ (d, Q) · stacked_h (Q, E).
    private func addWeightGradient(
        _ head: Int, _ position: Int, columns: [Float], _ sequence: Int, stacked: [Float],
        to gradient: inout MutableSpan<Float>
    ) {
        gemm(
            GemmShape(
                m: headSize, n: encoderWidth, k: numQueries, transposeA: true, leadingA: width,
                accumulate: true),
            columns.span.extracting((sequence * numQueries * width + head * headSize)...),
            stacked.span.extracting((position * numQueries * encoderWidth)...), into: &gradient)
    }

    /// dbv_h += Σ over queries of dContext_h (Q, d) · `sums` (K, Q).
    private func addBiasGradient(
        _ head: Int, _ position: Int, _ dContext: [Float], _ sequence: Int, sums: [Float],
        to gradient: inout MutableSpan<Float>
    ) {
        for query in 0..<numQueries {
            let place = (sequence * numQueries + query) * width + head * headSize
            let sum = sums[position * numQueries + query]
            for column in 0..<headSize { gradient[column] += dContext[place + column] * sum }
        }
    }
}
