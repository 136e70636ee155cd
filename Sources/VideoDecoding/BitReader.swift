/// Reads bits, the most significant of each byte first; zeros follow the last byte.
struct BitReader {
    private let bytes: [UInt8]
    /// Bits read so far.
    private(set) var position = 0

    init(_ bytes: [UInt8], fromByte start: Int = 0) {
        self.bytes = bytes
        position = start * 8
    }

    /// The next `count` bits, at most 32, as an unsigned number.
    mutating func read(_ count: Int) -> Int {
        var value = 0
        for bit in position..<position + count {
            let byte = bit >> 3 < bytes.count ? bytes[bit >> 3] : 0
            value = value << 1 | Int(byte >> UInt8(7 - bit & 7) & 1)
        }
        position += count
        return value
    }

    mutating func readFlag() -> Bool { read(1) == 1 }

    mutating func skip(_ count: Int) { position += count }

    /// The next `count` bits, without consuming them.
    func peek(_ count: Int) -> Int {
        var copy = self
        return copy.read(count)
    }
}
