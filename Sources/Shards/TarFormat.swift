/// The parts of POSIX USTAR that shards use: regular files with mode 0644, owner 0 and time 0.
///
/// Source: POSIX.1-1988 ustar interchange format.
enum TarFormat {
    static let blockSize = 512
    /// Two zero blocks end an archive; `tar` pads it to whole records of 20 blocks.
    static let endOfArchiveBlocks = 2
    static let recordSize = 20 * blockSize
    /// The largest member that eleven octal digits can state.
    static let maximumMemberSize = 0o77777777777

    /// The 512-byte header of a member called `name` (at most 100 bytes) of `size` bytes.
    /// - Throws: `ShardError.compression` if name or size do not fit.
    static func header(name: String, size: Int) throws(ShardError) -> [UInt8] {
        guard name.utf8.count <= 100, size <= maximumMemberSize else {
            throw .compression("the tar member `\(name)` of \(size) bytes does not fit USTAR")
        }
        var header = [UInt8](repeating: 0, count: blockSize)
        func put(_ text: String, at offset: Int) {
            header.replaceSubrange(offset..<offset + text.utf8.count, with: text.utf8)
        }
        put(name, at: 0)
        put(octal(0o644, digits: 7), at: 100)
        put(octal(0, digits: 7), at: 108)
        put(octal(0, digits: 7), at: 116)
        put(octal(size, digits: 11), at: 124)
        put(octal(0, digits: 11), at: 136)
        put("        ", at: 148)
        put("0", at: 156)
        put("ustar\u{0}00", at: 257)
        let checksum = header.reduce(0) { $0 + Int($1) }
        put(octal(checksum, digits: 6) + "\u{0} ", at: 148)
        return header
    }

    /// Zero bytes that fill up the last block of a member of `size` bytes.
    static func padding(after size: Int) -> [UInt8] {
        [UInt8](repeating: 0, count: (blockSize - size % blockSize) % blockSize)
    }

    /// What stands after the last member of an archive that is `size` bytes long so far.
    static func endOfArchive(after size: Int) -> [UInt8] {
        let end = size + endOfArchiveBlocks * blockSize
        let padded = (end + recordSize - 1) / recordSize * recordSize
        return [UInt8](repeating: 0, count: padded - size)
    }

    private static func octal(_ value: Int, digits: Int) -> String {
        let text = String(value, radix: 8)
        return String(repeating: "0", count: digits - text.count) + text
    }
}
