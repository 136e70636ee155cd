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
        throw .encoding(sentence(for: error))
    }
}

/// Reads what `canonicalJSON` wrote.
/// - Throws: `FileError.decoding`, which names the field.
public func decodeJSON<Value: Decodable>(
    _ type: Value.Type, from bytes: [UInt8]
) throws(FileError) -> Value {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    do {
        return try decoder.decode(type, from: Data(bytes))
    } catch {
        throw .decoding(sentence(for: error))
    }
}

/// `error` as a sentence for users, replacing Foundation's wording where that is for programmers.
public func sentence(for error: any Error) -> String {
    func name(_ path: [any CodingKey]) -> String {
        path.isEmpty ? "it" : "`\(path.map(\.stringValue).joined(separator: "."))`"
    }
    switch error {
    case EncodingError.invalidValue(let value, let context):
        return "\(name(context.codingPath)) is \(value)"
    case DecodingError.keyNotFound(let key, let context):
        return "\(name(context.codingPath + [key])) is missing"
    case DecodingError.valueNotFound(_, let context):
        return "\(name(context.codingPath)) is null"
    case DecodingError.typeMismatch(_, let context):
        return "\(name(context.codingPath)) is of another type"
    case DecodingError.dataCorrupted(let context) where context.codingPath.isEmpty:
        return "it is not valid JSON"
    case DecodingError.dataCorrupted(let context):
        return "\(name(context.codingPath)) has an unknown value"
    case let error as CocoaError:
        let reason = (error.underlying as? POSIXError).map { FileError.text(of: $0.code.rawValue) }
        return "\(error.filePath ?? "a file") cannot be read or written: "
            + (reason ?? error.localizedDescription)
    default:
        return "\(error)"
    }
}
