import Foundation

/// One tensor to be written.
public struct NamedTensor: Sendable {
    /// Name in Hugging Face checkpoints.
    public let name: String
    /// Extents, slowest dimension first.
    public let shape: [Int]
    /// Elements in row-major order.
    public let values: [Float]

    /// Gives `values` the shape `shape` and a name.
    /// - Precondition: `values.count` is the product of `shape`.
    public init(name: String, shape: [Int], values: [Float]) {
        precondition(values.count == shape.reduce(1, *), "\(values.count) values for \(shape)")
        self.name = name
        self.shape = shape
        self.values = values
    }
}

/// The content of a safetensors file with `tensors` as F32, in the order given.
///
/// The same tensors give the same bytes.
public func makeSafetensors(
    _ tensors: [NamedTensor], metadata: [String: String] = ["format": "pt"]
) -> [UInt8] {
    func quoted(_ text: String) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        return (try? encoder.encode(text)).map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
    }
    var offset = 0
    var fields = [
        "\"__metadata__\":{"
            + metadata.sorted { $0.key < $1.key }.map { "\(quoted($0)):\(quoted($1))" }
            .joined(separator: ",") + "}"
    ]
    for named in tensors {
        let end = offset + 4 * named.values.count
        let shape = named.shape.map(String.init).joined(separator: ",")
        fields.append(
            "\(quoted(named.name)):{\"dtype\":\"F32\",\"shape\":[\(shape)],"
                + "\"data_offsets\":[\(offset),\(end)]}")
        offset = end
    }
    var header = [UInt8]("{\(fields.joined(separator: ","))}".utf8)
    header += repeatElement(UInt8(ascii: " "), count: (8 - header.count % 8) % 8)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(8 + header.count + offset)
    bytes += (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) }
    bytes += header
    for named in tensors {
        named.values.withUnsafeBytes { bytes += $0 }
    }
    return bytes
}
