/// Tokens and their ids, to find the longest one that a text begins with.
///
/// Compares scalars, because `String` treats canonically equivalent tokens as equal.
struct TokenTable: Sendable {
    private var ids: [ArraySlice<Unicode.Scalar>: Int] = [:]
    /// The length of the longest token that begins with a character.
    private var longest: [Unicode.Scalar: Int] = [:]

    /// Longer tokens are never found, because no longer word is looked up.
    static let maximumLength = 100

    /// Creates the table of `tokens`; the later of two equal ones counts.
    init(_ tokens: [VocabularyFile.Token]) {
        for (text, id) in tokens where text.count <= Self.maximumLength {
            guard let first = text.first else { continue }
            ids[text] = id
            longest[first] = max(longest[first] ?? 0, text.count)
        }
    }

    /// The id of exactly this token.
    subscript(token: String) -> Int? { ids[Array(token.unicodeScalars)[...]] }

    /// The longest token at the beginning of `text`, and where it ends.
    func longestToken(in text: ArraySlice<Unicode.Scalar>) -> (id: Int, end: Int)? {
        guard let first = text.first, let length = longest[first] else { return nil }
        var candidate = text.prefix(length)
        while !candidate.isEmpty {
            if let id = ids[candidate] { return (id, candidate.endIndex) }
            candidate = candidate.dropLast()
        }
        return nil
    }
}
