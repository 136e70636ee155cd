import Tensors

/// A rectangle of scores in self-attention: some rows of each clip as queries, some as keys.
///
/// The scores of a row of a clip lie one after the other, `ClipRows.scoresPerRow` of them; a block
/// fills the columns from `column` on. Where rows attend to a part of their clip only, several
/// blocks make up all that is attended to.
struct AttentionBlock: Sendable {
    /// Query rows of one rectangle, from `firstRow` of the clip on.
    let numRows: Int
    let firstRow: Int
    /// Key rows of one rectangle, from `firstKey` of the clip on.
    let numKeys: Int
    let firstKey: Int
    /// Where the scores of the first key stand.
    let column: Int
    /// Rectangles of a clip, each with the rows after those of the one before.
    var count = 1

    /// How one factor or the result of a product lies in memory.
    enum Operand {
        /// Query rows, key rows: the columns of a head in Float32 (B·S, width).
        case queries, keys
        /// Scores of a head, Float32 (B, K, S, `scoresPerRow`).
        case scores
    }

    /// Where `operand` begins.
    func start(_ operand: Operand, _ rows: ClipRows, width: Int) -> Int {
        switch operand {
        case .queries: firstRow * width
        case .keys: firstKey * width
        case .scores: firstRow * rows.scoresPerRow + column
        }
    }

    /// Clips, rectangles if there are several, and heads of the products of three operands.
    func batches(
        _ a: Operand, _ b: Operand, _ c: Operand, _ rows: ClipRows, width: Int, numHeads: Int
    ) -> [GemmBatch] {
        let scores = rows.rowsPerClip * rows.scoresPerRow
        func clip(_ operand: Operand) -> Int {
            operand == .scores ? numHeads * scores : rows.rowsPerClip * width
        }
        func rectangle(_ operand: Operand) -> Int {
            switch operand {
            case .queries: numRows * width
            case .keys: numKeys * width
            case .scores: numRows * rows.scoresPerRow
            }
        }
        func head(_ operand: Operand) -> Int { operand == .scores ? scores : width / numHeads }
        func batch(_ count: Int, _ stride: (Operand) -> Int) -> GemmBatch {
            GemmBatch(count: count, strideA: stride(a), strideB: stride(b), strideC: stride(c))
        }
        return [batch(rows.numClips, clip)] + (count == 1 ? [] : [batch(count, rectangle)])
            + [batch(numHeads, head)]
    }
}

extension ClipRows {
    /// Scores of each row: one for each row that it may attend to.
    var scoresPerRow: Int {
        numFrames.map { numQueries / $0 + textLength } ?? rowsPerClip
    }

    /// All that rows attend to; the first block has all query rows.
    ///
    /// Where frames are apart, every row attends to the prompt, and the queries of a frame to each
    /// other. Without a prompt the second block is the first.
    var attentionBlocks: [AttentionBlock] {
        guard let numFrames else {
            return [
                AttentionBlock(
                    numRows: rowsPerClip, firstRow: 0, numKeys: rowsPerClip, firstKey: 0, column: 0)
            ]
        }
        let own = numQueries / numFrames
        let frames = AttentionBlock(
            numRows: own, firstRow: 0, numKeys: own, firstKey: 0, column: 0, count: numFrames)
        guard textLength > 0 else { return [frames] }
        let prompt = AttentionBlock(
            numRows: rowsPerClip, firstRow: 0, numKeys: textLength, firstKey: numQueries,
            column: own)
        return [prompt, frames]
    }

    /// Hides from attention, in scores of Float32 (B, K, S, `scoresPerRow`), what is no row:
    /// padding of prompts, and, of the rows of a prompt, the columns of queries.
    func hidePadding(in scores: inout [Float], numHeads: Int) {
        let (size, width) = (rowsPerClip, scoresPerRow)
        let firstColumn = width - textLength
        for (clip, length) in textLengths.enumerated() {
            hideColumns(
                firstColumn + length..<width,
                ofRows: clip * numHeads * size..<(clip + 1) * numHeads * size, width: width,
                in: &scores)
            guard numFrames != nil else { continue }
            for head in clip * numHeads..<(clip + 1) * numHeads {
                hideColumns(
                    0..<firstColumn, ofRows: head * size + numQueries..<(head + 1) * size,
                    width: width, in: &scores)
            }
        }
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
