/// `text` as a double-quoted YAML scalar on one line, whatever it holds.
///
/// Characters that YAML forbids in a file, and those that reorder or break lines, are escaped.
///
/// Source: YAML 1.2, sections 5.1 and 5.7; also read by YAML 1.1 parsers.
public func yamlQuoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"", "\\": quoted += "\\\(scalar)"
        case _ where isPlain(scalar): quoted.unicodeScalars.append(scalar)
        default:
            let digits = String(scalar.value, radix: 16)
            let width = scalar.value > 0xFFFF ? 8 : 4
            let zeros = String(repeating: "0", count: width - digits.count)
            quoted += (width == 8 ? "\\U" : "\\u") + zeros + digits
        }
    }
    return quoted + "\""
}

/// `text` as Markdown that renders verbatim: no markup, no links, one line, also in table cells.
///
/// Source: CommonMark 0.31, sections 2.4 and 2.5.
public func markdownEscaped(_ text: String) -> String {
    var escaped = ""
    for scalar in text.unicodeScalars {
        switch scalar {
        // As references, because tables split at `|` and some renderers read `\<` as markup.
        case "<", ">", "&", "|", "@", ":": escaped += "&#\(scalar.value);"
        case _ where scalar.isASCII && scalar.properties.isASCIIPunctuation:
            escaped += "\\\(scalar)"
        case _ where isPlain(scalar): escaped.unicodeScalars.append(scalar)
        default: escaped += "U+" + String(scalar.value, radix: 16, uppercase: true)
        }
    }
    return escaped
}

/// `text` without characters that command a terminal: those become `\x1b` and the like.
///
/// Line ends and tabs stay.
public func terminalText(_ text: String) -> String {
    func isHarmless(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "\n" || scalar == "\t" || scalar.properties.generalCategory != .control
    }
    guard !text.unicodeScalars.allSatisfy(isHarmless) else { return text }
    var visible = ""
    for scalar in text.unicodeScalars {
        if isHarmless(scalar) {
            visible.unicodeScalars.append(scalar)
        } else {
            visible += "\\x" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
        }
    }
    return visible
}

/// Whether `scalar` is a visible character or a space that stays where it stands.
private func isPlain(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .unassigned, .privateUse: false
    default: true
    }
}

extension Unicode.Scalar.Properties {
    fileprivate var isASCIIPunctuation: Bool {
        switch generalCategory {
        case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation,
            .otherPunctuation, .mathSymbol, .currencySymbol, .modifierSymbol:
            true
        default: false
        }
    }
}
