/// Labels of one task that look like misspellings of others.
///
/// - Parameter counts: Rows by label.
/// - Returns: Pairs of a label and the more frequent one that it may stand for, sorted.
func labelTypos(_ counts: [ExactText: Int]) -> [(label: String, likely: String)] {
    // The commonest first; equals by their bytes.
    let labels = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map {
        Spelling(text: $0.key.text, count: $0.value)
    }
    var likely: [Int: Int] = [:]
    var firstOfLikeness: [[Unicode.Scalar]: Int] = [:]
    for (index, label) in labels.enumerated() where !label.isNumber {
        if let first = firstOfLikeness[label.scalars] {
            likely[index] = first
        } else {
            firstOfLikeness[label.scalars] = index
        }
    }
    let distinct = firstOfLikeness.values.sorted()
    if distinct.count <= maxCompared { findNeighbours(labels, distinct, &likely) }
    return likely.map { (labels[$0].text, labels[$1].text) }
        .sorted { ExactText($0.0) < ExactText($1.0) }
}

/// More labels than this are free text, in which similar spellings mean nothing.
private let maxCompared = 20_000

/// Two labels at distance one become the same when one letter of each, or of one of them, is left
/// out; so only labels that share such a remainder are compared.
private func findNeighbours(
    _ labels: [Spelling], _ candidates: [Int], _ likely: inout [Int: Int]
) {
    var known: [[Unicode.Scalar]: [Int]] = [:]
    for index in candidates where labels[index].isComparable {
        for remainder in labels[index].remainders {
            for earlier in known[remainder] ?? []
            where likely[index] == nil && labels[index].mayBeTypo(of: labels[earlier]) {
                likely[index] = earlier
            }
            // Few labels share a remainder, unless they are made up.
            if known[remainder, default: []].count < 64 {
                known[remainder, default: []].append(index)
            }
        }
    }
}

/// A label as it is compared: in lower case, without blanks, underscores and hyphens.
private struct Spelling {
    let text: String
    let count: Int
    let scalars: [Unicode.Scalar]

    init(text: String, count: Int) {
        self.text = text
        self.count = count
        scalars = Array(likeness(text).unicodeScalars)
    }

    var isNumber: Bool {
        !text.isEmpty && text.utf8.allSatisfy { "+-.0123456789".utf8.contains($0) }
    }

    /// Short labels differ by one letter by chance.
    var isComparable: Bool { !isNumber && 4...64 ~= scalars.count }

    /// The label itself, and it without any one letter.
    var remainders: Set<[Unicode.Scalar]> {
        var remainders: Set<[Unicode.Scalar]> = [scalars]
        for index in scalars.indices {
            var remainder = scalars
            remainder.remove(at: index)
            remainders.insert(remainder)
        }
        return remainders
    }

    /// Whether one letter was replaced, left out or added, or two neighbours have changed places,
    /// and this label is much rarer than `other`; a difference in digits is intended.
    func mayBeTypo(of other: Spelling) -> Bool {
        guard count * 3 <= other.count || count == 1 && other.count > 1 else { return false }
        let shared = zip(scalars, other.scalars).prefix { $0 == $1 }.count
        var own = scalars[shared...]
        var others = other.scalars[shared...]
        while let last = own.last, last == others.last {
            own.removeLast()
            others.removeLast()
        }
        guard !(own + others).contains(where: { $0.properties.numericType != nil }) else {
            return false
        }
        let isOneLetter = own.count <= 1 && others.count <= 1
        let isExchange = own.count == 2 && own.elementsEqual(others.reversed())
        return isOneLetter || isExchange
    }
}
