/// CSV text of one record, without the line end.
///
/// Fields that need quotes get them (RFC 4180, section 2), and so do those with blanks at an end,
/// which other readers would drop.
public func csvRecord(_ fields: [String]) -> String {
    var bytes: [UInt8] = []
    for (index, field) in fields.enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        appendField(field, to: &bytes)
    }
    return String(decoding: bytes, as: UTF8.self)
}

/// Works on bytes: a `Character` would hide a comma or quote that a combining mark follows.
private func appendField(_ field: String, to bytes: inout [UInt8]) {
    let quote = UInt8(ascii: "\"")
    guard needsQuotes(field.utf8) else {
        bytes.append(contentsOf: field.utf8)
        return
    }
    bytes.append(quote)
    for byte in field.utf8 {
        if byte == quote { bytes.append(quote) }
        bytes.append(byte)
    }
    bytes.append(quote)
}

private func needsQuotes(_ field: String.UTF8View) -> Bool {
    func isBlank(_ byte: UInt8?) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t")
    }
    return isBlank(field.first) || isBlank(field.last)
        || field.contains { byte in
            byte == UInt8(ascii: ",") || byte == UInt8(ascii: "\"")
                || byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
        }
}
