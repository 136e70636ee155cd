import Tensors

/// Frame tokens as cross-attention sees them: X' = (X - μ) / σ + E.
///
/// μ and σ (E) standardise each channel; row t of the positions is added to every token of frame t.
/// Both are folded into the two products, so X itself is neither changed nor copied. Without them
/// the products are those of the tokens.
struct TokenView: Sendable {
    let tokens: FrameTokens
    private let standardization: Standardization?
    /// Added to the tokens of each frame, Float32 (B, T, E); empty for none.
    private let positions: [Float]
    private let numFrames: Int

    /// μ and 1 / σ of each channel.
    struct Standardization: Sendable {
        let mean: [Float]
        let inverseDeviation: [Float]
    }

    /// Sees `tokens` through a standardisation and positions.
    /// - Parameters:
    ///   - tokens: X.
    ///   - standardization: Float32 (E) each; `nil` for none.
    ///   - positions: Float32 (B, T, E) if a sequence holds T frames of a clip; empty for none.
    init(
        _ tokens: FrameTokens, standardization: Standardization? = nil, positions: [Float] = []
    ) {
        self.tokens = tokens
        self.standardization = standardization
        self.positions = positions
        numFrames = positions.count / (tokens.numSequences * tokens.width)
        precondition(
            positions.isEmpty || tokens.tokensPerSequence.isMultiple(of: numFrames),
            "\(tokens.tokensPerSequence) tokens of \(numFrames) frames")
    }

    /// Whether vectors are added to the tokens, which then have a gradient.
    var hasPositions: Bool { !positions.isEmpty }

    private var width: Int { tokens.width }
    private var tokensPerFrame: Int { tokens.tokensPerSequence / numFrames }

    private func positions(of sequence: Int) -> Range<Int> {
        sequence * numFrames * width..<(sequence + 1) * numFrames * width
    }

    /// A·X'ᵀ of `sequence`: A Float32 (rows, E), result Float32 (rows, tokens).
    func scores(of a: [Float], sequence: Int) -> [Float] {
        var scaled = a
        var offsets: [Float] = []
        if let standardization { offsets = standardization.scale(&scaled) }
        var scores = tokens.scores(of: scaled, sequence: sequence)
        let numTokens = tokens.tokensPerSequence
        for (row, offset) in offsets.enumerated() {
            for token in row * numTokens..<(row + 1) * numTokens { scores[token] -= offset }
        }
        guard !positions.isEmpty else { return scores }
        let rows = a.count / width
        let added = [Float](count: rows * numFrames) { added in
            gemm(
                GemmShape(m: rows, n: numFrames, k: width, transposeB: true), a.span,
                positions.span.extracting(positions(of: sequence)), into: &added)
        }
        for (place, value) in added.enumerated() {
            for token in place * tokensPerFrame..<(place + 1) * tokensPerFrame {
                scores[token] += value
            }
        }
        return scores
    }

    /// P·X' of `sequence`: P Float32 (rows, tokens), result Float32 (rows, E).
    func mixture(of p: [Float], sequence: Int) -> [Float] {
        var mixed = tokens.mixture(of: p, sequence: sequence)
        standardization?.standardize(
            &mixed, sums: rowSums(of: p, width: tokens.tokensPerSequence))
        guard !positions.isEmpty else { return mixed }
        let sums = rowSums(of: p, width: tokensPerFrame)
        var span = mixed.mutableSpan
        gemm(
            GemmShape(
                m: sums.count / numFrames, n: width, k: numFrames, accumulate: true),
            sums.span, positions.span.extracting(positions(of: sequence)), into: &span)
        return mixed
    }

    /// Adds the positions' gradient of a product with a sequence.
    ///
    /// Row t of `gradient`, Float32 (T, E), gets Σ over rows of the sum of `p` (rows, tokens) over
    /// frame t, times the row of `a` (rows, E). An empty `gradient` counts as zeros.
    func addPositionGradient(_ p: [Float], _ a: [Float], to gradient: inout [Float]) {
        guard !positions.isEmpty else { return }
        if gradient.isEmpty { gradient = [Float](repeating: 0, count: numFrames * width) }
        let sums = rowSums(of: p, width: tokensPerFrame)
        var span = gradient.mutableSpan
        gemm(
            GemmShape(
                m: numFrames, n: width, k: a.count / width, transposeA: true, accumulate: true),
            sums.span, a.span, into: &span)
    }
}

extension TokenView.Standardization {
    /// Divides rows `a` (rows, E) by σ.
    /// - Returns: What μ contributes to all products of each row, Float32 (rows).
    fileprivate func scale(_ a: inout [Float]) -> [Float] {
        let width = mean.count
        return (0..<a.count / width).map { row in
            var offset: Float = 0
            for column in 0..<width {
                let scaled = a[row * width + column] * inverseDeviation[column]
                a[row * width + column] = scaled
                offset += scaled * mean[column]
            }
            return offset
        }
    }

    /// Turns mixtures of X (rows, E) with weights that add up to `sums` into those of (X - μ) / σ.
    fileprivate func standardize(_ mixed: inout [Float], sums: [Float]) {
        let width = mean.count
        for (row, sum) in sums.enumerated() {
            for column in 0..<width {
                let place = row * width + column
                mixed[place] = (mixed[place] - sum * mean[column]) * inverseDeviation[column]
            }
        }
    }
}
