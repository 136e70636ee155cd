import Files
import Foundation

/// BERT's uncased WordPiece tokenizer.
///
/// Text is cleaned, stripped of accents and lowercased, divided at white space and punctuation, and
/// each word into the longest pieces that the vocabulary has. The time grows with the text's
/// length, whatever is in it.
/// Source: Devlin et al., BERT (2019), section 3; Hugging Face tokenizers, `BertNormalizer`,
/// `BertPreTokenizer` and `WordPiece`, whose character classes are those of Unicode 8.
public struct WordPieceTokenizer: Sendable {
    /// Whole words and their beginnings.
    private let beginnings: TokenTable
    /// What comes after a beginning, without the `##` that the vocabulary puts before it.
    private let continuations: TokenTable
    /// Tokens that are recognised in the text as written, before it is normalised.
    private let special: TokenTable
    private let unknown: Int
    private let first: Int
    private let last: Int

    /// Rows of word embeddings that the ids need: the largest id + 1.
    public let vocabularySize: Int

    /// Reads the tokenizer in `directory`, or in its folder `qformer_tokenizer`.
    ///
    /// That is `vocab.txt` or `tokenizer.json`.
    /// - Returns: `nil` if there is none.
    /// - Throws: as `init(path:)`.
    public static func find(in directory: String) throws(ModelError) -> WordPieceTokenizer? {
        guard let path = file(in: directory) else { return nil }
        return try WordPieceTokenizer(path: path)
    }

    /// Path of the file that `find` reads; `nil` if there is none.
    public static func file(in directory: String) -> String? {
        ["\(directory)/qformer_tokenizer", directory].flatMap { folder in
            ["vocab.txt", "tokenizer.json"].map { "\(folder)/\($0)" }
        }.first(where: fileExists)
    }

    /// Reads `vocab.txt`, a token a line, or `tokenizer.json`.
    /// - Throws: `ModelError.invalidConfiguration` if it is no uncased WordPiece vocabulary with
    ///   `[UNK]`, `[CLS]` and `[SEP]`, `.file` if it cannot be read.
    public init(path: String) throws(ModelError) {
        let file = try VocabularyFile(path: path)
        let vocabulary = TokenTable(file.tokens)
        guard let unknown = vocabulary["[UNK]"], let first = vocabulary["[CLS]"],
            let last = vocabulary["[SEP]"]
        else {
            throw .invalidConfiguration(
                path: path, reason: "it lacks `[UNK]`, `[CLS]` or `[SEP]`, so it is not BERT's")
        }
        (self.unknown, self.first, self.last) = (unknown, first, last)
        beginnings = vocabulary
        continuations = TokenTable(
            file.tokens.filter { $0.text.starts(with: ["#", "#"]) }
                .map { ($0.text.dropFirst(2), $0.id) })
        let usual = ["[UNK]", "[SEP]", "[PAD]", "[CLS]", "[MASK]"].compactMap { text in
            vocabulary[text].map { (Array(text.unicodeScalars)[...], $0) }
        }
        special = TokenTable(usual + file.special)
        vocabularySize = file.tokens.reduce(0) { max($0, $1.id + 1) }
    }

    /// The ids of `text`: `[CLS]` first, `[SEP]` last, at most `maximumLength` in all.
    /// - Precondition: `maximumLength` is at least 2.
    public func encode(_ text: String, maximumLength: Int = 512) -> [Int] {
        let scalars = Array(text.unicodeScalars)
        var ids = [first]
        var word = Word()
        func endWord() {
            appendPieces(of: word.end(), to: &ids)
        }
        var index = 0
        while index < scalars.count, ids.count < maximumLength {
            if let token = special.longestToken(in: scalars[index...]) {
                endWord()
                ids.append(token.id)
                index = token.end
                continue
            }
            let scalar = scalars[index]
            index += 1
            if scalar.isRemoved { continue }
            let standsAlone = scalar.isIdeograph
            if standsAlone || scalar.properties.isWhitespace { endWord() }
            if scalar.properties.isWhitespace { continue }
            for part in scalar.decomposed {
                if part.isBERTPunctuation {
                    endWord()
                    word.append(part)
                    endWord()
                } else {
                    word.append(part)
                }
            }
            if standsAlone { endWord() }
        }
        endWord()
        return Array(ids.prefix(max(2, maximumLength) - 1)) + [last]
    }

    /// Appends the ids of the longest pieces, from left to right.
    ///
    /// `[UNK]` if a piece is missing or the word too long.
    private func appendPieces(of word: [Unicode.Scalar], to ids: inout [Int]) {
        guard word.count <= TokenTable.maximumLength else { return ids.append(unknown) }
        let wordStart = ids.count
        var rest = word[...]
        while !rest.isEmpty {
            let table = rest.startIndex == word.startIndex ? beginnings : continuations
            guard let piece = table.longestToken(in: rest) else {
                ids.removeSubrange(wordStart...)
                return ids.append(unknown)
            }
            ids.append(piece.id)
            rest = rest[piece.end...]
        }
    }
}

/// A word while it is read: without accents, in lowercase and in canonical order.
private struct Word {
    private var scalars: [Unicode.Scalar] = []
    /// Marks that remain and whose order among themselves is not settled yet.
    ///
    /// Foundation's decomposition of a whole text sorts them in quadratic time.
    private var marks: [Unicode.Scalar] = []

    mutating func append(_ scalar: Unicode.Scalar) {
        if scalar.isASCII { return appendStarter(scalar) }
        let isMark = scalar.properties.canonicalCombiningClass != .notReordered
        if !isMark { settleMarks() }
        if scalar.bertCategory == .nonspacingMark { return }
        if isMark { marks.append(scalar) } else { appendStarter(scalar) }
    }

    private mutating func appendStarter(_ scalar: Unicode.Scalar) {
        settleMarks()
        if scalar.isASCII {
            let isUpper = ("A"..."Z").contains(scalar)
            scalars.append(isUpper ? Unicode.Scalar(UInt8(scalar.value) + 32) : scalar)
        } else {
            scalars += scalar.properties.lowercaseMapping.unicodeScalars
        }
    }

    private mutating func settleMarks() {
        guard !marks.isEmpty else { return }
        scalars += marks.sorted {
            $0.properties.canonicalCombiningClass < $1.properties.canonicalCombiningClass
        }
        marks.removeAll()
    }

    /// Returns the finished word and begins the next one.
    mutating func end() -> [Unicode.Scalar] {
        settleMarks()
        defer { scalars.removeAll(keepingCapacity: true) }
        return scalars
    }
}
