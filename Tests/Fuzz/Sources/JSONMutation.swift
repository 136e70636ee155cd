/// What stands at the limits of what numbers and texts can be, or is of another type.
private let values = [
    "0", "-1", "1", "2", "3.0", "0.5", "1048576", "2147483648", "4294967296", "1099511627776",
    "9223372036854775807", "-9223372036854775808", "9223372036854775808", "18446744073709551615",
    "1e300", "-1e300", "1e-300", "1e999", "null", "true", "\"\"", "\"../x\"", "\"\\u0000\"",
    "\"9223372036854775807\"", "\"nan\"", "[]", "[[]]", "[-1]", "[1e300]", "{}",
]

/// Puts another value, or a key or value from elsewhere in `text`, in the place of one.
func exchangeValue(of text: inout [UInt8], seed: UInt64) {
    var state = seed
    /// SplitMix64.
    func random(below bound: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return Int((mixed ^ mixed >> 31) % UInt64(bound))
    }
    let tokens = scalarTokens(of: text)
    guard !tokens.isEmpty else { return }
    let place = tokens[random(below: tokens.count)]
    let isCopied = random(below: 4) == 0
    let value =
        isCopied
        ? Array(text[tokens[random(below: tokens.count)]])
        : Array(values[random(below: values.count)].utf8)
    text.replaceSubrange(place, with: value)
}

/// Where strings, numbers and words stand.
private func scalarTokens(of text: [UInt8]) -> [Range<Int>] {
    var tokens: [Range<Int>] = []
    var index = 0
    while index < text.count {
        let start = index
        if text[index] == UInt8(ascii: "\"") {
            index += 1
            while index < text.count, text[index] != UInt8(ascii: "\"") {
                index += text[index] == UInt8(ascii: "\\") ? 2 : 1
            }
            index = min(index + 1, text.count)
        } else {
            while index < text.count, isPartOfWord(text[index]) { index += 1 }
        }
        if index > start { tokens.append(start..<index) } else { index += 1 }
    }
    return tokens
}

private func isPartOfWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
        UInt8(ascii: "E"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
        true
    default: false
    }
}
