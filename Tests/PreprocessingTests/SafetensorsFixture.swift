import Foundation

/// The tensors of a small trusted safetensors file.
struct SafetensorsFixture {
    private struct Entry: Decodable {
        let shape: [Int]
        let dataOffsets: [Int]

        enum CodingKeys: String, CodingKey {
            case shape
            case dataOffsets = "data_offsets"
        }
    }

    private let entries: [String: Entry]
    private let data: [UInt8]

    init(path: String) throws {
        let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
        let headerCount = bytes[0..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
        entries = try JSONDecoder().decode(
            [String: Entry].self, from: Data(bytes[8..<(8 + headerCount)]))
        data = Array(bytes[(8 + headerCount)...])
    }

    func shape(of name: String) -> [Int] {
        entries[name]?.shape ?? []
    }

    func bytes(of name: String) -> [UInt8] {
        entries[name].map { Array(data[$0.dataOffsets[0]..<$0.dataOffsets[1]]) } ?? []
    }

    /// The elements of a float32 tensor.
    func floats(of name: String) -> [Float] {
        let bytes = bytes(of: name)
        return stride(from: 0, to: bytes.count, by: 4).map { start in
            let word = bytes[start..<(start + 4)].reversed().reduce(0) { $0 << 8 | UInt32($1) }
            return Float(bitPattern: word)
        }
    }
}
