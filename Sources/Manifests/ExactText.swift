import Foundation

/// A text that equals only texts of the same bytes.
///
/// `String` treats composed and decomposed letters as equal; file systems and class lists do
/// not. The order is that of the bytes, which is that of the Unicode scalars.
public struct ExactText: Hashable, Comparable, Sendable {
    /// The text itself.
    public let text: String

    /// Stands for `text`.
    public init(_ text: String) { self.text = text }

    /// Whether all bytes are the same.
    public static func == (left: ExactText, right: ExactText) -> Bool {
        haveSameBytes(left.text, right.text)
    }

    /// The order of the bytes.
    public static func < (left: ExactText, right: ExactText) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }

    /// Feeds the bytes to `hasher`.
    public func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}

/// Whether two texts are the same byte for byte.
public func haveSameBytes(_ left: String, _ right: String) -> Bool {
    var (left, right) = (left, right)
    return left.withUTF8 { left in
        right.withUTF8 { right in
            guard left.count == right.count else { return false }
            guard let first = left.baseAddress, let second = right.baseAddress else { return true }
            return memcmp(first, second, left.count) == 0
        }
    }
}

/// Sorts texts by their bytes.
public func sortedByBytes(_ texts: some Sequence<String>) -> [String] {
    texts.sorted { ExactText($0) < ExactText($1) }
}

/// The distinct texts, sorted by their bytes.
func distinctSortedByBytes(_ texts: some Sequence<String>) -> [String] {
    Set(texts.lazy.map(ExactText.init)).sorted().map(\.text)
}

/// The distinct texts, each where it stands first.
public func distinctByBytes(_ texts: some Sequence<String>) -> [String] {
    var seen: Set<ExactText> = []
    return texts.filter { seen.insert(ExactText($0)).inserted }
}
