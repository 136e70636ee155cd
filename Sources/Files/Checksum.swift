internal import Crypto

/// sha256 of bytes that come one after the other.
public struct Checksum: Sendable {
    private var hasher = SHA256()

    /// Starts with no bytes.
    public init() {}

    /// Adds `bytes`.
    public mutating func update(_ bytes: [UInt8]) { hasher.update(data: bytes) }

    /// Adds `bytes`.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        unsafe hasher.update(bufferPointer: bytes)
    }

    /// Adds a text and its length, so that no other sequence of texts gives the same bytes.
    public mutating func update(_ text: String) {
        var text = text
        text.withUTF8 { utf8 in
            unsafe withUnsafeBytes(of: UInt64(utf8.count).littleEndian) { length in
                unsafe hasher.update(bufferPointer: length)
            }
            unsafe hasher.update(bufferPointer: UnsafeRawBufferPointer(utf8))
        }
    }

    /// The sha256 of all bytes so far, 32 bytes.
    public var bytes: [UInt8] { Array(hasher.finalize()) }

    /// The same as 64 hex digits.
    public var hex: String { hexadecimal(bytes) }
}

/// sha256 of `bytes`, in hex.
public func sha256Hex(_ bytes: [UInt8]) -> String { hexadecimal(SHA256.hash(data: bytes)) }

/// sha256 of the file at `path`, in hex, read in blocks.
/// - Throws: `FileError.system` if it cannot be read or is no regular file.
public func sha256Hex(ofFile path: String) throws(FileError) -> String {
    try ReadableFile(path: path).sha256()
}

/// `bytes` as lower-case hex digits.
public func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    let text = bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
    return String(decoding: text, as: UTF8.self)
}
