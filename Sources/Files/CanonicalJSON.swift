import Foundation

/// JSON text that is the same for equal values, with a final newline.
///
/// Keys are sorted and in snake case, slashes stay as they are; `pretty` indents.
/// - Throws: `FileError.encoding`, such as for numbers that are not finite.
public func canonicalJSON(
    _ value: some Encodable, pretty: Bool = true
) throws(FileError) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    if pretty { encoder.outputFormatting.insert(.prettyPrinted) }
    encoder.keyEncodingStrategy = .convertToSnakeCase
    do {
        return [UInt8](try encoder.encode(value)) + [UInt8(ascii: "\n")]
    } catch {
        throw .encoding("\(error)")
    }
}

/// Reads what `canonicalJSON` wrote.
/// - Throws: `DecodingError`.
public func decodeJSON<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws -> Value {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(type, from: Data(bytes))
}
