import Files
public import Models

/// How clips become what a Q-Former reads: prompts to token ids, features to numbers.
public struct ClipReading: Sendable {
    private let precision: TrainingPrecision
    private let qformer: QFormerConfiguration
    /// What a clip without a prompt is asked.
    public private(set) var defaultPrompt: String
    private let tokenizer: WordPieceTokenizer?
    private let maximumLength: Int

    /// Prepares to read for a Q-Former.
    /// - Parameters:
    ///   - precision: Number format of the Q-Former's large products.
    ///   - qformer: Shape of the Q-Former.
    ///   - tokenizer: That of the Q-Former.
    ///   - defaultPrompt: What a clip without a prompt is asked.
    /// - Throws: `TrainingError.noTokenizer` if prompts are read and it is missing or too large.
    public init(
        precision: TrainingPrecision = .float32, qformer: QFormerConfiguration,
        tokenizer: WordPieceTokenizer? = nil, defaultPrompt: String = "Classify the video."
    ) throws(TrainingError) {
        self.precision = precision
        self.qformer = qformer
        self.defaultPrompt = defaultPrompt
        maximumLength = qformer.text?.maxPositions ?? 0
        self.tokenizer = qformer.text == nil ? nil : tokenizer
        guard let text = qformer.text else { return }
        guard let tokenizer else { throw .noTokenizer(reason: "the model has none") }
        guard tokenizer.vocabularySize <= text.vocabularySize else {
            throw .noTokenizer(
                reason: "its \(tokenizer.vocabularySize) tokens are more than the model's "
                    + "\(text.vocabularySize)")
        }
    }

    /// Whether the Q-Former reads prompts.
    public var readsText: Bool { tokenizer != nil }

    /// The frame tokens of `numClips` rows, each Float32 (L, E) given by `clip`, with the seconds
    /// of their frames given by `times`, if they matter; rows of equal `identities` are about one
    /// clip, which is asked for once.
    /// - Throws: What `times` and `clip` throw.
    public func frameTokens(
        numClips: Int, tokensPerClip: Int, identities: [Int]? = nil,
        times: (Int) throws -> [Double]? = { _ in nil }, clip: (Int) throws -> [Float]
    ) rethrows -> FrameTokens {
        try FrameTokens(
            numClips: numClips, tokensPerClip: tokensPerClip, qformer: qformer,
            precision: precision, identities: identities, times: times, clip: clip)
    }

    /// The same, except that an empty prompt is read as it is.
    var withoutDefaultPrompt: ClipReading {
        var copy = self
        copy.defaultPrompt = ""
        return copy
    }

    /// Says that the tokenizer lacks many of the words that the Q-Former has embeddings for, as a
    /// `vocab.txt` that was cut short does; `nil` if not.
    public var remarkOnVocabulary: String? {
        guard let size = tokenizer?.vocabularySize, let rows = qformer.text?.vocabularySize,
            Double(size) < Self.leastShareOfWords * Double(rows)
        else { return nil }
        return "The vocabulary has \(counted(size, "token")), but the Q-Former has embeddings for "
            + "\(rows): the file may be cut short."
    }

    /// Tables of embeddings are padded by a few rows, not by a tenth.
    private static let leastShareOfWords = 0.9

    /// Says that what prompts, the default one too, have beyond the Q-Former's positions is unread.
    ///
    /// Source: `truncation=True` of Hugging Face tokenizers, which says nothing.
    /// - Returns: `nil` if all are read to the end.
    public func remark(onLong prompts: some Sequence<String>) -> String? {
        guard let tokenizer else { return nil }
        // A token takes a byte or more.
        let candidates = Set(
            ([defaultPrompt] + prompts).filter { $0.utf8.count > maximumLength - 2 })
        let long = candidates.filter {
            tokenizer.encode($0, maximumLength: maximumLength + 1).count > maximumLength
        }
        guard let first = long.min() else { return nil }
        return "The Q-Former reads the first \(maximumLength) tokens of a prompt and ignores the "
            + "rest, here of \(counted(long.count, "prompt")): \(yamlQuoted(first.prefix(40) + "…"))"
            + (long.count > 1 ? ", …" : "")
    }

    /// The token ids of each prompt; nothing if the Q-Former reads no text.
    public func tokenized(_ prompts: [String]) -> [[Int]] {
        guard let tokenizer else { return [] }
        var known: [String: [Int]] = [:]
        return prompts.map { prompt in
            if let ids = known[prompt] { return ids }
            let ids = tokenizer.encode(
                prompt.isEmpty ? defaultPrompt : prompt, maximumLength: maximumLength)
            known[prompt] = ids
            return ids
        }
    }
}
