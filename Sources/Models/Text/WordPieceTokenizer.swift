import Foundation

/// BERT's uncased WordPiece tokenizer.
///
/// Text is cleaned, stripped of accents and lowercased, divided at white space and punctuation, and
/// each word into the longest pieces that the vocabulary has.
/// Source: Devlin et al., BERT; Hugging Face tokenizers, `BertNormalizer`, `BertPreTokenizer` and
/// `WordPiece`, whose character classes are those of Unicode 8.
public struct WordPieceTokenizer: Sendable {
    private let vocabulary: [String: Int]
    private let special: [(text: [Unicode.Scalar], id: Int)]
    private let unknown: Int
    private let first: Int
    private let last: Int

    /// Vocabularies larger than this are refused.
    private static let maximumFileSize = 1 << 24
    /// Longer words become `[UNK]`.
    private static let maximumWordLength = 100

    /// Rows of word embeddings that the ids need: the largest id + 1.
    public var vocabularySize: Int { (vocabulary.values.max() ?? -1) + 1 }

    /// Reads the tokenizer in `directory`, or in its folder `qformer_tokenizer`.
    ///
    /// That is `vocab.txt` or `tokenizer.json`.
    /// - Returns: `nil` if there is none.
    /// - Throws: `ModelError.invalidConfiguration`.
    public static func find(in directory: String) throws(ModelError) -> WordPieceTokenizer? {
        for folder in ["\(directory)/qformer_tokenizer", directory] {
            for name in ["vocab.txt", "tokenizer.json"] {
                let path = "\(folder)/\(name)"
                guard FileManager.default.fileExists(atPath: path) else { continue }
                return try WordPieceTokenizer(path: path)
            }
        }
        return nil
    }

    /// Reads `vocab.txt`, a token a line, or `tokenizer.json`.
    /// - Throws: `ModelError.invalidConfiguration` unless it has `[UNK]`, `[CLS]` and `[SEP]`.
    public init(path: String) throws(ModelError) {
        vocabulary = try Self.readVocabulary(path)
        guard let unknown = vocabulary["[UNK]"], let first = vocabulary["[CLS]"],
            let last = vocabulary["[SEP]"]
        else {
            throw .invalidConfiguration(
                path: path, reason: "it lacks `[UNK]`, `[CLS]` or `[SEP]`, so it is not BERT's")
        }
        (self.unknown, self.first, self.last) = (unknown, first, last)
        let vocabulary = vocabulary
        special = ["[UNK]", "[SEP]", "[PAD]", "[CLS]", "[MASK]"].compactMap { text in
            vocabulary[text].map { (Array(text.unicodeScalars), $0) }
        }
    }

    private static func readVocabulary(_ path: String) throws(ModelError) -> [String: Int] {
        func invalid(_ reason: String) -> ModelError {
            .invalidConfiguration(path: path, reason: reason)
        }
        let size = (try? FileManager.default.attributesOfItem(atPath: path)[.size]) as? Int ?? 0
        guard size <= maximumFileSize else { throw invalid("its \(size) bytes are too many") }
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw invalid("it cannot be read as UTF-8 text")
        }
        if path.hasSuffix(".json") {
            struct File: Decodable {
                struct Model: Decodable { let vocab: [String: Int] }
                struct Added: Decodable {
                    let id: Int
                    let content: String
                }
                enum CodingKeys: String, CodingKey {
                    case model
                    case addedTokens = "added_tokens"
                }
                let model: Model
                let addedTokens: [Added]?
            }
            guard let file = try? JSONDecoder().decode(File.self, from: Data(text.utf8)) else {
                throw invalid("it has no WordPiece vocabulary")
            }
            var vocabulary = file.model.vocab
            for token in file.addedTokens ?? [] { vocabulary[token.content] = token.id }
            guard vocabulary.values.allSatisfy({ 0..<1 << 24 ~= $0 }) else {
                throw invalid("its ids are absurd")
            }
            return vocabulary
        }
        var vocabulary: [String: Int] = [:]
        var lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        for (id, line) in lines.enumerated() {
            vocabulary[String(line).trimmingCharacters(in: .whitespaces)] = id
        }
        return vocabulary
    }

    /// The ids of `text`: `[CLS]` first, `[SEP]` last, at most `maximumLength` in all.
    public func encode(_ text: String, maximumLength: Int = 512) -> [Int] {
        var ids = [first]
        forEachPart(of: text) { part in
            switch part {
            case .special(let id): ids.append(id)
            case .text(let scalars):
                for word in Self.words(Self.normalized(scalars)) {
                    appendPieces(of: word, to: &ids)
                    if ids.count >= maximumLength { return false }
                }
            }
            return ids.count < maximumLength
        }
        return Array(ids.prefix(max(1, maximumLength - 1))) + [last]
    }

    // MARK: - Special tokens

    private enum Part {
        case text(ArraySlice<Unicode.Scalar>)
        case special(Int)
    }

    /// Divides text at the special tokens in it; `body` answers whether to go on.
    private func forEachPart(of text: String, _ body: (Part) -> Bool) {
        let scalars = Array(text.unicodeScalars)
        var (start, index) = (0, 0)
        while index < scalars.count {
            guard scalars[index] == "[",
                let token = special.first(where: { scalars[index...].starts(with: $0.text) })
            else {
                index += 1
                continue
            }
            guard body(.text(scalars[start..<index])), body(.special(token.id)) else { return }
            index += token.text.count
            start = index
        }
        _ = body(.text(scalars[start...]))
    }

    // MARK: - Words

    /// Cleans, decomposes, strips accents and lowercases.
    private static func normalized(_ text: ArraySlice<Unicode.Scalar>) -> [Unicode.Scalar] {
        var spaced = String.UnicodeScalarView()
        for scalar in text where !isRemoved(scalar) {
            if isIdeograph(scalar) {
                spaced.append(contentsOf: [" ", scalar, " "])
            } else {
                spaced.append(scalar.properties.isWhitespace ? " " : scalar)
            }
        }
        var result: [Unicode.Scalar] = []
        for scalar in String(spaced).decomposedStringWithCanonicalMapping.unicodeScalars
        where category(of: scalar) != .nonspacingMark {
            result += scalar.properties.lowercaseMapping.unicodeScalars
        }
        return result
    }

    /// Divides at white space, and before and after each punctuation mark.
    private static func words(_ text: [Unicode.Scalar]) -> [ArraySlice<Unicode.Scalar>] {
        var words: [ArraySlice<Unicode.Scalar>] = []
        var start = 0
        for (index, scalar) in text.enumerated() {
            let isSpace = scalar.properties.isWhitespace
            guard isSpace || isPunctuation(scalar) else { continue }
            if start < index { words.append(text[start..<index]) }
            if !isSpace { words.append(text[index...index]) }
            start = index + 1
        }
        if start < text.count { words.append(text[start...]) }
        return words
    }

    /// Appends the ids of the longest pieces, from left to right; `[UNK]` if a piece is missing.
    private func appendPieces(of word: ArraySlice<Unicode.Scalar>, to ids: inout [Int]) {
        guard word.count <= Self.maximumWordLength else { return ids.append(unknown) }
        var pieces: [Int] = []
        var start = word.startIndex
        while start < word.endIndex {
            var end = word.endIndex
            var found: Int?
            while start < end, found == nil {
                var piece = start > word.startIndex ? "##" : ""
                piece.unicodeScalars.append(contentsOf: word[start..<end])
                found = vocabulary[piece]
                if found == nil { end -= 1 }
            }
            guard let found else { return ids.append(unknown) }
            pieces.append(found)
            start = end
        }
        ids += pieces
    }

    // MARK: - Character classes

    private static func category(of scalar: Unicode.Scalar) -> Unicode.GeneralCategory {
        let properties = scalar.properties
        guard let age = properties.age, age.major <= 8 else { return .unassigned }
        return properties.generalCategory
    }

    /// Control and format characters other than tab and line ends, U+0000 and U+FFFD.
    private static func isRemoved(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "\t", "\n", "\r": return false
        case "\u{FFFD}": return true
        default:
            return switch category(of: scalar) {
            case .control, .format, .privateUse: true
            default: false
            }
        }
    }

    private static func isPunctuation(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 33...47, 58...64, 91...96, 123...126: return true
        default:
            return switch category(of: scalar) {
            case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation,
                .initialPunctuation, .finalPunctuation, .otherPunctuation:
                true
            default: false
            }
        }
    }

    private static func isIdeograph(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x4E00...0x9FFF, 0x3400...0x4DBF, 0x20000...0x2A6DF, 0x2A700...0x2B73F,
            0x2B740...0x2B81F, 0x2B920...0x2CEAF, 0xF900...0xFAFF, 0x2F800...0x2FA1F:
            true
        default: false
        }
    }
}
