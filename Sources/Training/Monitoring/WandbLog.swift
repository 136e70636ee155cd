import Files

/// Records in blocks of 32 KiB, after a header of 7 bytes: the file of a W&B run.
///
/// A record is cut where a block ends; each part stands after its checksum, length and kind.
///
/// Source: LevelDB, `doc/log_format.md`, with CRC-32 (RFC 1952) over kind and data; the header as
/// wandb 0.31 writes it.
struct WandbLog {
    private let path: String

    private static let header: [UInt8] = [0x3A, 0x57, 0x26, 0x42, 0xE1, 0xBE, 0]
    private static let blockSize = 1 << 15
    private static let partHeaderSize = 7
    private static let crc32 = Crc(polynomial: 0xEDB8_8320)

    private enum Part: UInt8 {
        case whole = 1
        case first, middle, last
    }

    /// The file at `path`, which exists.
    init(path: String) { self.path = path }

    /// Begins a file without records at `path`.
    init(creating path: String) throws(FileError) {
        self.path = path
        try publishFile(Self.header, at: path)
    }

    /// Appends a record.
    func append(_ record: [UInt8]) throws(FileError) {
        var position = try FileStamp(path: path).size
        var bytes: [UInt8] = []
        var rest = record[...]
        var isFirst = true
        repeat {
            var room = Self.blockSize - position % Self.blockSize
            if room < Self.partHeaderSize {
                bytes += [UInt8](repeating: 0, count: room)
                position += room
                room = Self.blockSize
            }
            let data = rest.prefix(room - Self.partHeaderSize)
            rest = rest.dropFirst(data.count)
            let part: Part =
                switch (isFirst, rest.isEmpty) {
                case (true, true): .whole
                case (true, false): .first
                case (false, false): .middle
                case (false, true): .last
                }
            isFirst = false
            let checksum = Self.crc32.checksum([part.rawValue] + data)
            bytes += (0..<4).map { UInt8(truncatingIfNeeded: checksum >> ($0 * 8)) }
            bytes += [UInt8(data.count & 0xFF), UInt8(data.count >> 8), part.rawValue] + data
            position += Self.partHeaderSize + data.count
        } while !rest.isEmpty
        try appendToFile(bytes, at: path)
    }

    /// The whole records, each with the position of its end.
    func records() throws(FileError) -> [(data: [UInt8], end: Int)] {
        let bytes = try readFile(path)
        var records: [(data: [UInt8], end: Int)] = []
        var record: [UInt8] = []
        var position = Self.header.count
        while true {
            let room = Self.blockSize - position % Self.blockSize
            if room < Self.partHeaderSize { position += room }
            guard position + Self.partHeaderSize <= bytes.count else { return records }
            let start = position + Self.partHeaderSize
            let end = start + Int(bytes[position + 4]) + Int(bytes[position + 5]) << 8
            guard end <= bytes.count, let part = Part(rawValue: bytes[position + 6])
            else { return records }
            let checksum = (0..<4).reduce(UInt32(0)) {
                $0 | UInt32(bytes[position + $1]) << UInt32($1 * 8)
            }
            guard checksum == Self.crc32.checksum(Array(bytes[(start - 1)..<end])) else {
                return records
            }
            if part == .whole || part == .first { record = [] }
            record += bytes[start..<end]
            if part == .whole || part == .last { records.append((record, end)) }
            position = end
        }
    }

    /// Cuts the file after `count` bytes; `nil` keeps the header alone.
    func truncate(toBytes count: Int?) throws(FileError) {
        try truncateFile(at: path, to: count ?? Self.header.count)
    }
}
