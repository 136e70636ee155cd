import Foundation

/// A regular file open for positioned reads.
///
/// Safe to share between threads, because reads never move a common position.
public final class ReadableFile: Sendable {
    /// The path as given.
    public let path: String
    /// Size in bytes when it was opened.
    public let count: Int
    /// Size and modification time, which tell this content from a later one.
    public let stamp: FileStamp
    /// The open file; closed with this value.
    public let descriptor: Int32
    /// Which file was opened, and in what state.
    public let state: FileState

    /// Opens the file at `path`.
    /// - Throws: `FileError.system`, also if it is a directory, pipe or device.
    public convenience init(path: String) throws(FileError) {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        try check(descriptor, "open", path)
        try self.init(adopting: descriptor, path: path)
    }

    /// Takes over an open `descriptor`, which is closed if this fails.
    /// - Parameters:
    ///   - descriptor: Open for reading.
    ///   - path: The file's name in errors.
    /// - Throws: `FileError.system`, also if it is a directory, pipe or device.
    public init(adopting descriptor: Int32, path: String) throws(FileError) {
        self.path = path
        self.descriptor = descriptor
        var status = stat()
        let result = unsafe fstat(descriptor, &status)
        guard result == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw .system(
                operation: "read", path: path, code: 0, reason: "it is not a regular file")
        }
        count = Int(status.st_size)
        stamp = FileStamp(status)
        state = FileState(status)
    }

    deinit { close(descriptor) }

    /// Whether the file was written to, replaced or removed since it was opened, as far as size,
    /// times and inode tell.
    public var hasChanged: Bool {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { return true }
        return state != FileState(status)
    }

    /// Reads exactly `count` bytes that lie inside the file.
    /// - Precondition: `offset + count <= self.count`, both not negative.
    /// - Throws: `FileError.system`, also if the file has become shorter.
    public func read(offset: Int, count: Int) throws(FileError) -> [UInt8] {
        var failure: FileError?
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, done in
            do throws(FileError) {
                try unsafe read(
                    offset: offset,
                    into: UnsafeMutableRawBufferPointer(start: buffer.baseAddress, count: count))
                done = count
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }

    /// Fills `buffer` with the bytes that begin at `offset` and lie inside the file.
    /// - Precondition: `offset + buffer.count <= self.count`, `offset` not negative.
    /// - Throws: `FileError.system`, also if the file has become shorter.
    public func read(
        offset: Int, into buffer: UnsafeMutableRawBufferPointer
    ) throws(FileError) {
        precondition(offset >= 0 && buffer.count <= count - offset)
        var done = 0
        while done < buffer.count {
            let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
            let got = unsafe readSome(offset: offset + done, into: rest)
            if got < 0 { throw .last("read", path) }
            guard got > 0 else {
                throw .system(
                    operation: "read", path: path, code: 0, reason: "it became shorter")
            }
            done += got
        }
    }

    /// Reads the whole file.
    /// - Throws: `FileError.system`.
    public func readAll() throws(FileError) -> [UInt8] { try read(offset: 0, count: count) }

    /// Reads up to `buffer.count` bytes from `offset`.
    /// - Returns: How many were read; 0 at the end of the file, -1 with `errno` set on failure.
    public func readSome(offset: Int, into buffer: UnsafeMutableRawBufferPointer) -> Int {
        while true {
            let got = unsafe pread(
                descriptor, buffer.baseAddress, min(buffer.count, 1 << 26), off_t(offset))
            if got < 0 && errno == EINTR { continue }
            return got
        }
    }

    /// sha256 of the whole file in hex, read in blocks.
    /// - Throws: `FileError.system`.
    public func sha256() throws(FileError) -> String { try sha256 { true } ?? "" }

    /// sha256 of the whole file, read in blocks of 1 MiB.
    /// - Parameter goesOn: Asked before each block whether to continue.
    /// - Returns: The hash in hex; `nil` if the file was not read to its end.
    /// - Throws: `FileError.system`.
    public func sha256(while goesOn: () -> Bool) throws(FileError) -> String? {
        var checksum = Checksum()
        var offset = 0
        while offset < count {
            guard goesOn() else { return nil }
            let end = min(offset + (1 << 20), count)
            try update(&checksum, with: offset..<end)
            offset = end
        }
        return checksum.hex
    }

    /// Adds the bytes of `range` to `checksum`, read in blocks.
    /// - Precondition: `range` lies inside the file.
    /// - Throws: `FileError.system`.
    public func update(_ checksum: inout Checksum, with range: Range<Int>) throws(FileError) {
        var offset = range.lowerBound
        while offset < range.upperBound {
            let block = try read(offset: offset, count: min(1 << 20, range.upperBound - offset))
            checksum.update(block)
            offset += block.count
        }
    }
}

/// The metadata of a file that change when it is written to, replaced or removed.
public struct FileState: Sendable, Equatable {
    private let device: UInt64
    private let inode: UInt64
    private let stamp: FileStamp
    /// Status change time (`ctime`) in nanoseconds since 1970, which programs cannot set.
    private let changed: Int64

    init(_ status: stat) {
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        stamp = FileStamp(status)
        changed = Int64(status.st_ctim.tv_sec) * 1_000_000_000 + Int64(status.st_ctim.tv_nsec)
    }
}

/// Size and modification time of a file: if both are unchanged, so is its content.
public struct FileStamp: Sendable, Hashable, Codable {
    /// Size in bytes.
    public let size: Int
    /// Modification time in nanoseconds since 1970.
    public let modified: Int64

    /// A stamp that was recorded.
    public init(size: Int, modified: Int64) {
        self.size = size
        self.modified = modified
    }

    init(_ status: stat) {
        size = Int(status.st_size)
        modified =
            Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
    }

    /// The stamp of the file at `path`.
    /// - Throws: `FileError.system`.
    public init(path: String) throws(FileError) {
        var status = stat()
        try check(unsafe stat(path, &status), "find", path)
        self.init(status)
    }
}

/// Reads the whole regular file at `path`.
/// - Throws: `FileError.system`, also if it is larger than `maximumSize`.
public func readFile(_ path: String, maximumSize: Int = .max) throws(FileError) -> [UInt8] {
    let file = try ReadableFile(path: path)
    guard file.count <= maximumSize else {
        throw .system(
            operation: "read", path: path, code: 0,
            reason: "it has \(counted(file.count, "byte")), more than \(maximumSize)")
    }
    return try file.readAll()
}

/// Whether something is at `path`.
public func fileExists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

/// Whether something is at `path`, where a directory that may not be searched is an error.
/// - Throws: `FileError.system` unless `path` is there or known not to be.
public func hasFile(at path: String) throws(FileError) -> Bool {
    if fileExists(path) { return true }
    guard errno == ENOENT || errno == ENOTDIR else { throw .last("look for", path) }
    return false
}
