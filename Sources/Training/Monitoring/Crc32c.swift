/// A reflected 32-bit cyclic redundancy check.
struct Crc: Sendable {
    private let table: [UInt32]

    /// Prepares the check of a reversed polynomial.
    init(polynomial: UInt32) {
        table = (0..<256).map { byte in
            (0..<8).reduce(UInt32(byte)) { rest, _ in
                rest & 1 == 1 ? rest >> 1 ^ polynomial : rest >> 1
            }
        }
    }

    /// The checksum of `bytes`.
    func checksum(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(~0) { rest, byte in
            table[Int(UInt8(truncatingIfNeeded: rest) ^ byte)] ^ rest >> 8
        }
    }
}

/// The checksum CRC-32C (Castagnoli) of bytes.
///
/// Source: RFC 3720, appendix B.4.
enum Crc32c {
    private static let crc = Crc(polynomial: 0x82F6_3B78)

    /// The checksum of `bytes`.
    static func checksum(_ bytes: [UInt8]) -> UInt32 { crc.checksum(bytes) }

    /// The checksum of `bytes`, masked the way TFRecord files store it.
    ///
    /// Source: TensorFlow, crc32c.h (`Mask`).
    static func maskedChecksum(_ bytes: [UInt8]) -> UInt32 {
        let checksum = checksum(bytes)
        return (checksum >> 15 | checksum << 17) &+ 0xA282_EAD8
    }
}
