import Foundation

/// Writes the tensors of `parameters` as F32: to a temporary sibling, synced, then renamed.
///
/// Each part is a buffer in the layout of the parameters; its tensors' names begin with its prefix.
/// Nothing is copied but the header, and the same tensors give the same bytes.
/// - Throws: `ModelError.notWritable`.
public func writeSafetensors(
    _ parameters: [Parameter], parts: [(prefix: String, values: [Float])], to path: String
) throws(ModelError) {
    func failure() -> ModelError {
        .notWritable(path: path, reason: unsafe String(cString: strerror(errno)))
    }
    let temporary = path + ".partial"
    let file = unsafe open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard file >= 0 else { throw failure() }
    var isPublished = false
    defer {
        close(file)
        if !isPublished { unsafe unlink(temporary) }
    }
    let header = makeHeader(parameters, prefixes: parts.map(\.prefix))
    guard unsafe header.withUnsafeBytes({ unsafe write($0, to: file) }) else { throw failure() }
    for (_, values) in parts {
        precondition(values.count == parameters.last?.range.upperBound ?? 0)
        guard unsafe values.withUnsafeBytes({ unsafe write($0, to: file) }) else { throw failure() }
    }
    guard fsync(file) == 0, unsafe rename(temporary, path) == 0 else { throw failure() }
    isPublished = true
}

private func write(_ bytes: UnsafeRawBufferPointer, to file: Int32) -> Bool {
    var done = 0
    while done < bytes.count {
        let count = unsafe Foundation.write(
            file, bytes.baseAddress.map { unsafe $0 + done }, min(bytes.count - done, 1 << 26))
        if count < 0 && errno == EINTR { continue }
        guard count > 0 else { return false }
        done += count
    }
    return true
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
