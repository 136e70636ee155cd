import Foundation

/// A file open for positioned reads; safe to share between threads, because reads never move a common position.
final class ReadableFile: Sendable {
    let path: String
    let count: Int
    private let descriptor: Int32

    init(path: String) throws(ShardError) {
        self.path = path
        descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        try check(descriptor, "open", path)
        var status = stat()
        let result = unsafe fstat(descriptor, &status)
        guard result == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw .system(
                operation: "read", path: path, code: EINVAL, reason: "it is not a regular file")
        }
        count = Int(status.st_size)
    }

    deinit { close(descriptor) }

    /// Reads exactly `count` bytes that lie inside the file.
    /// - Precondition: `offset + count <= self.count`, both not negative.
    func read(offset: Int, count: Int) throws(ShardError) -> [UInt8] {
        precondition(offset >= 0 && count >= 0 && count <= self.count - offset)
        var failure: ShardError?
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, done in
            while done < count {
                let got = unsafe pread(
                    descriptor, buffer.baseAddress.map { unsafe $0 + done }, count - done,
                    off_t(offset + done))
                if got < 0 && errno == EINTR { continue }
                guard got > 0 else {
                    failure = .system(
                        operation: "read", path: path, code: errno,
                        reason: got == 0 ? "it became shorter" : "input error")
                    return
                }
                done += got
            }
        }
        if let failure { throw failure }
        return bytes
    }
}

/// Reads samples of one shard at any place, without ever loading the shard. Safe to share between threads.
public final class ShardReader: Sendable {
    public let path: String
    public let sidecar: ShardSidecar
    private let file: ReadableFile

    /// Opens the shard `name` (without extension) in `directory`.
    /// - Throws: `ShardError` if the sidecar is missing, of another version, or does not fit the tar.
    public init(directory: String, name: String) throws(ShardError) {
        path = "\(directory)/\(name).tar"
        sidecar = try Self.readSidecar(directory: directory, name: name)
        file = try ReadableFile(path: path)
        guard file.count == sidecar.bytes else {
            throw .incompleteShard(
                path: path, reason: "it has \(file.count) bytes, its sidecar says \(sidecar.bytes)")
        }
        for sample in sidecar.samples {
            for member in sample.members {
                guard member.offset >= 0, member.storedBytes >= 0, member.uncompressedBytes >= 0,
                    member.offset <= file.count, member.storedBytes <= file.count - member.offset
                else {
                    throw .corruptShard(
                        path: path, key: sample.key, reason: "`\(member.name)` lies outside the tar")
                }
            }
        }
    }

    /// The sidecar of the shard `name` in `directory`.
    public static func readSidecar(
        directory: String, name: String
    ) throws(ShardError) -> ShardSidecar {
        let path = "\(directory)/\(name).json"
        guard FileManager.default.fileExists(atPath: path) else {
            throw .incompleteShard(path: "\(directory)/\(name).tar", reason: "it has no sidecar")
        }
        let file = try ReadableFile(path: path)
        let sidecar: ShardSidecar
        do {
            sidecar = try decodeJSON(
                ShardSidecar.self, from: try file.read(offset: 0, count: file.count))
        } catch let error as ShardError {
            throw error
        } catch {
            throw .incompleteShard(path: path, reason: "its sidecar is not readable JSON")
        }
        guard sidecar.formatVersion == ShardFormat.version else {
            throw .otherVersion(
                path: path, found: sidecar.formatVersion, expected: ShardFormat.version)
        }
        return sidecar
    }

    /// The stored bytes of a member.
    public func storedBytes(
        of name: String, in sample: ShardSidecar.Sample
    ) throws(ShardError) -> [UInt8] {
        guard let member = sample.member(name) else {
            throw .corruptShard(path: path, key: sample.key, reason: "it has no `\(name)`")
        }
        return try file.read(offset: member.offset, count: member.storedBytes)
    }

    /// The array that a member holds. Its zstd checksum is verified.
    public func array(
        of name: String, in sample: ShardSidecar.Sample
    ) throws(ShardError) -> NPYArray {
        let frame = try storedBytes(of: name, in: sample)
        do throws(ShardError) {
            return try NPYArray(
                fileBytes: zstdDecompress(
                    frame, expectedCount: sample.member(name)?.uncompressedBytes ?? 0))
        } catch {
            throw .corruptShard(path: path, key: sample.key, reason: "\(error)")
        }
    }

    /// The class index of a sample.
    public func classIndex(of sample: ShardSidecar.Sample) throws(ShardError) -> Int {
        let text = String(
            decoding: try storedBytes(of: ShardFormat.classMember, in: sample), as: UTF8.self)
        guard let index = Int(text), index >= 0 else {
            throw .corruptShard(path: path, key: sample.key, reason: "its class is `\(text)`")
        }
        return index
    }
}
