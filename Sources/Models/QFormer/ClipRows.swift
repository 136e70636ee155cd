/// How the rows of a batch lie: per clip Q query tokens, then its prompt, padded to the longest.
///
/// S = Q + length of the longest prompt.
struct ClipRows: Sendable {
    /// Query tokens of a clip, Q, those of all its frames.
    let numQueries: Int
    /// Groups of queries that do not attend to each other, and that the prompt does not attend to:
    /// the frames of a clip; `nil` if all rows attend to all.
    let numFrames: Int?
    /// Tokens of each clip's prompt; empty if the Q-Former reads no text.
    let textLengths: [Int]
    let numClips: Int

    init(numClips: Int, numQueries: Int, textLengths: [Int] = [], numFrames: Int? = nil) {
        precondition(textLengths.isEmpty || textLengths.count == numClips)
        precondition(numQueries.isMultiple(of: numFrames ?? 1))
        self.numFrames = numFrames
        self.numClips = numClips
        self.numQueries = numQueries
        self.textLengths = textLengths
    }

    /// Tokens of the longest prompt.
    var textLength: Int { textLengths.max() ?? 0 }
    /// S.
    var rowsPerClip: Int { numQueries + textLength }

    /// Divides Float32 (B·S, width) into query rows (B·Q, width) and text rows.
    func split(_ rows: [Float]) -> (queries: [Float], text: [Float]) {
        guard textLength > 0 else { return (rows, []) }
        let width = rows.count / (numClips * rowsPerClip)
        var (queries, text): ([Float], [Float]) = ([], [])
        for clip in 0..<numClips {
            let start = clip * rowsPerClip * width
            let border = start + numQueries * width
            queries += rows[start..<border]
            text += rows[border..<start + rowsPerClip * width]
        }
        return (queries, text)
    }

    /// Puts what `split` divided together again.
    func joined(queries: [Float], text: [Float]) -> [Float] {
        guard textLength > 0 else { return queries }
        var rows: [Float] = []
        rows.reserveCapacity(queries.count + text.count)
        for clip in 0..<numClips {
            let (own, other) = (queries.count / numClips, text.count / numClips)
            rows += queries[clip * own..<(clip + 1) * own]
            rows += text[clip * other..<(clip + 1) * other]
        }
        return rows
    }
}
