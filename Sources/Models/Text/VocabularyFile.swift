import Files
import Foundation

/// The tokens of a `vocab.txt` or `tokenizer.json`.
struct VocabularyFile {
    typealias Token = (text: ArraySlice<Unicode.Scalar>, id: Int)

    let tokens: [Token]
    /// Tokens that are recognised in the text as written, before it is normalised.
    let special: [Token]

    /// Larger files are refused.
    private static let maximumSize = 1 << 24
    /// Larger ids are refused.
    private static let maximumID = 1 << 24

    init(path: String) throws(ModelError) {
        func invalid(_ reason: String) -> ModelError {
            .invalidConfiguration(path: path, reason: reason)
        }
        let bytes = try onDisk { () throws(FileError) in
            try readFile(path, maximumSize: Self.maximumSize)
        }
        guard path.hasSuffix(".json") else {
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw invalid("it is not UTF-8 text")
            }
            tokens = Self.lines(of: text)
            special = []
            return
        }
        let kind = try? JSONDecoder().decode(TokenizerKind.self, from: Data(bytes)).model.type
        if let kind, kind != "WordPiece" {
            throw invalid(
                "its vocabulary is of the kind \(kind), and the Q-Former reads BERT's WordPiece; "
                    + "put BERT's vocab.txt into the folder qformer_tokenizer beside the weights")
        }
        guard let json = try? JSONDecoder().decode(TokenizerJSON.self, from: Data(bytes)) else {
            throw invalid("it has no WordPiece vocabulary")
        }
        if json.normalizer?.lowercase == false || json.normalizer?.stripAccents == false {
            throw invalid("it keeps capitals or accents; only uncased vocabularies are read")
        }
        let added = (json.addedTokens ?? []).map { (Array($0.content.unicodeScalars)[...], $0.id) }
        tokens = json.model.vocab.map { (Array($0.key.unicodeScalars)[...], $0.value) } + added
        special = added
        guard tokens.allSatisfy({ 0...Self.maximumID ~= $0.id }) else {
            throw invalid("it has negative or absurdly large ids")
        }
    }

    /// A token a line, without the white space at its end.
    private static func lines(of text: String) -> [Token] {
        var lines = Array(text.unicodeScalars)
            .split(separator: "\n", omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        return lines.enumerated().map { id, line in
            let end = line.lastIndex { !$0.properties.isWhitespace }
            return (end.map { line[...$0] } ?? line.prefix(0), id)
        }
    }
}

/// The kind of vocabulary that a `tokenizer.json` holds.
private struct TokenizerKind: Decodable {
    struct Model: Decodable { let type: String? }

    let model: Model
}

/// What matters of a `tokenizer.json`.
private struct TokenizerJSON: Decodable {
    struct Model: Decodable { let vocab: [String: Int] }

    struct Normalizer: Decodable {
        enum CodingKeys: String, CodingKey {
            case lowercase
            case stripAccents = "strip_accents"
        }
        let lowercase: Bool?
        let stripAccents: Bool?
    }

    struct AddedToken: Decodable {
        let id: Int
        let content: String
    }

    enum CodingKeys: String, CodingKey {
        case model, normalizer
        case addedTokens = "added_tokens"
    }

    let model: Model
    let normalizer: Normalizer?
    let addedTokens: [AddedToken]?
}
