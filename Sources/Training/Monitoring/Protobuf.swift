/// A protobuf message that is written field by field, for formats of which we need a few fields.
///
/// Source: protobuf.dev/programming-guides/encoding.
struct ProtobufMessage {
    /// The encoded message.
    private(set) var bytes: [UInt8] = []

    private static let varint = 0
    private static let lengthDelimited = 2

    /// Adds an integer that is not negative.
    mutating func add(_ field: Int, _ value: Int) {
        append(field << 3 | Self.varint)
        append(value)
    }

    /// Adds a text.
    mutating func add(_ field: Int, _ text: String) { add(field, Array(text.utf8)) }

    /// Adds a message.
    mutating func add(_ field: Int, _ content: (inout ProtobufMessage) -> Void) {
        var message = ProtobufMessage()
        content(&message)
        add(field, message.bytes)
    }

    private mutating func add(_ field: Int, _ content: [UInt8]) {
        append(field << 3 | Self.lengthDelimited)
        append(content.count)
        bytes += content
    }

    private mutating func append(_ varint: Int) {
        var rest = UInt(bitPattern: varint)
        while rest > 0x7F {
            bytes.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}

/// The fields of an encoded message; a damaged field ends the sequence.
struct ProtobufFields {
    private var integers: [Int: Int] = [:]
    private var contents: [Int: [ArraySlice<UInt8>]] = [:]

    /// Reads `bytes`.
    init(_ bytes: some Collection<UInt8>) {
        var rest = Array(bytes)[...]
        while let tag = Self.varint(&rest) {
            let field = tag >> 3
            switch tag & 7 {
            case 0:
                guard let value = Self.varint(&rest) else { return }
                integers[field] = value
            case 2:
                guard let count = Self.varint(&rest), 0...rest.count ~= count else { return }
                contents[field, default: []].append(rest.prefix(count))
                rest = rest.dropFirst(count)
            case 1 where rest.count >= 8: rest = rest.dropFirst(8)
            case 5 where rest.count >= 4: rest = rest.dropFirst(4)
            default: return
            }
        }
    }

    func integer(_ field: Int) -> Int? { integers[field] }

    func text(_ field: Int) -> String? {
        contents[field]?.last.map { String(decoding: $0, as: UTF8.self) }
    }

    func message(_ field: Int) -> ProtobufFields? { contents[field]?.last.map(ProtobufFields.init) }

    func messages(_ field: Int) -> [ProtobufFields] {
        (contents[field] ?? []).map(ProtobufFields.init)
    }

    private static func varint(_ bytes: inout ArraySlice<UInt8>) -> Int? {
        var value: UInt = 0
        for shift in stride(from: 0, to: 64, by: 7) {
            guard let byte = bytes.popFirst() else { return nil }
            value |= UInt(byte & 0x7F) << UInt(shift)
            if byte < 0x80 { return Int(bitPattern: value) }
        }
        return nil
    }
}
