/// The number of terminal columns that `text`, without control characters, takes up.
///
/// Source: Unicode Standard Annex 11, wide characters, by blocks.
public func columns(of text: String) -> Int { text.reduce(0) { $0 + columns(of: $1) } }

private func columns(of character: Character) -> Int {
    switch character.unicodeScalars.first?.value ?? 0 {
    case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
        0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1FAFF, 0x20000...0x3FFFD:
        2
    default: 1
    }
}

/// `text` cut to `width` columns, with an ellipsis where something is missing.
public func shortened(_ text: String, toColumns width: Int) -> String {
    guard columns(of: text) > width else { return text }
    var (kept, used) = ("", 1)
    for character in text {
        used += columns(of: character)
        guard used <= width else { break }
        kept.append(character)
    }
    return width > 0 ? kept + "…" : ""
}

/// `text` with a line break in place of a space where a line would be wider than `width` columns.
///
/// Words, such as paths, stay whole. What follows in a line is indented like its beginning; lines
/// that fit stay as they are, and all do if `width` is `nil`.
public func wrapped(_ text: String, toColumns width: Int?) -> String {
    guard let width else { return text }
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    return lines.map { wrapped(line: String($0), toColumns: width) }.joined(separator: "\n")
}

private func wrapped(line: String, toColumns width: Int) -> String {
    guard columns(of: line) > width else { return line }
    let indentation = String(line.prefix { $0 == " " })
    var (text, used) = (indentation, columns(of: indentation))
    for word in line.split(separator: " ") {
        let needed = columns(of: String(word))
        if used > indentation.count {
            let fits = used + 1 + needed <= width
            text += fits ? " " : "\n" + indentation
            used = fits ? used + 1 : indentation.count
        }
        text += word
        used += needed
    }
    return text
}
