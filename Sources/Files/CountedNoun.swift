import Foundation

/// `count` and `noun`, in the plural unless there is one: `1 clip`, `0 classes`, `2 queries`.
///
/// The noun is given in the singular, must be a regular English one, and may have words before it.
public func counted(_ count: some BinaryInteger, _ noun: String) -> String {
    "\(count) \(count == 1 ? noun : plural(noun))"
}

/// `share`, a number from 0 to 1, as a percentage with one decimal: `97.2 %`.
public func percent(_ share: Double) -> String { String(format: "%.1f %%", 100 * share) }

private func plural(_ noun: String) -> String {
    if noun.hasSuffix("s") { return noun + "es" }
    let isVowelBefore = noun.dropLast().last.map { "aeiou".contains($0) } ?? true
    return noun.hasSuffix("y") && !isVowelBefore ? noun.dropLast() + "ies" : noun + "s"
}
