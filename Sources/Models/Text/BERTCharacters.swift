import Foundation

/// The character classes of BERT, which Hugging Face tokenizers takes from Unicode 8.
extension Unicode.Scalar {
    /// The category; characters newer than Unicode 8 are unassigned.
    var bertCategory: Unicode.GeneralCategory {
        guard let age = properties.age, age.major <= 8 else { return .unassigned }
        return properties.generalCategory
    }

    /// Control and format characters other than tab and line ends, U+0000 and U+FFFD.
    var isRemoved: Bool {
        switch self {
        case "\t", "\n", "\r", " "..."~": return false
        case "\u{FFFD}": return true
        default:
            return switch bertCategory {
            case .control, .format, .privateUse: true
            default: false
            }
        }
    }

    /// Unicode's punctuation, and ASCII's symbols.
    var isBERTPunctuation: Bool {
        switch value {
        case 33...47, 58...64, 91...96, 123...126: return true
        case ..<128: return false
        default:
            return switch bertCategory {
            case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation,
                .initialPunctuation, .finalPunctuation, .otherPunctuation:
                true
            default: false
            }
        }
    }

    /// A Chinese character, which is a word of its own.
    var isIdeograph: Bool {
        switch value {
        case 0x4E00...0x9FFF, 0x3400...0x4DBF, 0x20000...0x2A6DF, 0x2A700...0x2B73F,
            0x2B740...0x2B81F, 0x2B920...0x2CEAF, 0xF900...0xFAFF, 0x2F800...0x2FA1F:
            true
        default: false
        }
    }

    /// Its canonical decomposition.
    var decomposed: String.UnicodeScalarView {
        let text = String(self)
        return (isASCII ? text : text.decomposedStringWithCanonicalMapping).unicodeScalars
    }
}
