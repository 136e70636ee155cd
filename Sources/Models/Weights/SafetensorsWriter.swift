import Files

/// Writes the tensors of `parameters` as F32, whole or not at all.
///
/// Each part is a buffer in the layout of the parameters; its tensors' names begin with its prefix.
/// Nothing is copied but the header, and the same tensors give the same bytes.
///
/// Source: safetensors format, https://github.com/huggingface/safetensors (README, "Format").
/// - Precondition: Every part has as many values as the parameters together.
/// - Returns: Sha256 of the file, in hex.
/// - Throws: `ModelError.file`.
@discardableResult
public func writeSafetensors(
    _ parameters: [Parameter], parts: [(prefix: String, values: [Float])], to path: String
) throws(ModelError) -> String {
    do throws(FileError) {
        let file = try DurableFile(path: path)
        try file.write(makeHeader(parameters, prefixes: parts.map(\.prefix)))
        for (_, values) in parts {
            precondition(values.count == parameters.last?.range.upperBound ?? 0)
            var failure: FileError?
            unsafe values.withUnsafeBytes { bytes in
                do throws(FileError) { try unsafe file.write(bytes) } catch { failure = error }
            }
            if let failure { throw failure }
        }
        try file.publish()
        return file.sha256
    } catch {
        throw .file(error)
    }
}

/// Length and JSON of the header, padded with spaces to a multiple of eight bytes.
private func makeHeader(_ parameters: [Parameter], prefixes: [String]) -> [UInt8] {
    let size = parameters.last?.range.upperBound ?? 0
    var fields = [#""__metadata__":{"format":"pt"}"#]
    for (part, prefix) in prefixes.enumerated() {
        for parameter in parameters {
            let shape = parameter.shape.map(String.init).joined(separator: ",")
            let (start, end) = (
                4 * (part * size + parameter.range.lowerBound),
                4 * (part * size + parameter.range.upperBound)
            )
            fields.append(
                "\"\(prefix)\(parameter.name)\":{\"dtype\":\"F32\",\"shape\":[\(shape)],"
                    + "\"data_offsets\":[\(start),\(end)]}")
        }
    }
    var json = [UInt8]("{\(fields.joined(separator: ","))}".utf8)
    json += repeatElement(UInt8(ascii: " "), count: (8 - json.count % 8) % 8)
    return (0..<8).map { UInt8(truncatingIfNeeded: json.count >> (8 * $0)) } + json
}
