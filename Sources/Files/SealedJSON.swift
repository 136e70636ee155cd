/// What stands before and after the checksum of sealed JSON, indented or not.
private func seal(_ checksum: String, pretty: Bool) -> [UInt8] {
    Array((pretty ? "{\n  \"checksum\" : \"\(checksum)\"," : "{\"checksum\":\"\(checksum)\",").utf8)
}

/// Stands in place of the checksum in a file that was changed on purpose.
private let editedMark = "edited"

/// The JSON object of `value`, whose first field is the sha256 of all bytes after it.
///
/// Content and checksum are in one file, so there is no instant at which they disagree.
/// - Precondition: `value` is encoded as an object with at least one field.
/// - Throws: `FileError.encoding`.
public func sealedJSON(
    _ value: some Encodable, pretty: Bool = true
) throws(FileError) -> [UInt8] {
    let bytes = try canonicalJSON(value, pretty: pretty)
    precondition(bytes.first == UInt8(ascii: "{") && bytes.contains(UInt8(ascii: ":")))
    let content = Array(bytes.dropFirst())
    return seal(sha256Hex(content), pretty: pretty) + content
}

/// Reads what `sealedJSON` wrote to `path`, or a file that is marked as edited.
/// - Throws: `FileError.damaged` if any byte differs, `.decoding` if a field is missing or has an
///   unknown value.
public func decodeSealedJSON<Value: Decodable>(
    _ type: Value.Type, from bytes: [UInt8], path: String
) throws(FileError) -> Value {
    for pretty in [true, false] {
        // The two values that are accepted as checksum differ in length.
        for length in [64, editedMark.utf8.count] {
            let place = seal(String(repeating: "0", count: length), pretty: pretty).count
            let content = Array(bytes.dropFirst(place))
            let checksum = length == 64 ? sha256Hex(content) : editedMark
            guard bytes.starts(with: seal(checksum, pretty: pretty)) else { continue }
            return try decodeJSON(type, from: [UInt8(ascii: "{")] + content)
        }
    }
    throw .damaged(
        path: path,
        remedy: "Restore a copy; or, if you changed it on purpose, make it begin with "
            + "`{`, a new line and `  \"checksum\" : \"\(editedMark)\",`.")
}
