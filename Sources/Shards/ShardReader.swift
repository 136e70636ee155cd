import Foundation

/// A file open for positioned reads.
///
/// Safe to share between threads, because reads never move a common position.
final class ReadableFile: Sendable {
    let path: String
    let count: Int
    private let descriptor: Int32

    init(path: String) throws(ShardError) {
        self.path = path
        descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
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

/// Reads samples of one shard at any place, without ever loading the shard.
///
/// Safe to share between threads.
public final class ShardReader: Sendable {
    /// Path of the tar.
    public let path: String
    /// What the tar holds and where.
    public let sidecar: ShardSidecar
    private let file: ReadableFile

    /// Opens the shard `name` (without extension) in `directory`.
    /// - Throws: `ShardError` if the sidecar is missing or of another version, or does not fit the
    ///   tar.
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
                        path: path, key: sample.key,
                        reason: "`\(member.name)` lies outside the tar")
                }
            }
        }
    }

    /// Opens what is left of the damaged shard `name`, to save those of its samples that are whole.
    ///
    /// `sidecar` says what the tar should hold; members that lie outside of it cannot be read.
    /// - Throws: `ShardError.system` if there is no tar.
    public init(
        salvaging name: String, directory: String, sidecar: ShardSidecar
    ) throws(ShardError) {
        path = "\(directory)/\(name).tar"
        self.sidecar = sidecar
        file = try ReadableFile(path: path)
    }

    /// Opens the tar of the shard `name` whose sidecar is lost.
    ///
    /// `perceptualHash` reads a sample's hash from its metadata member.
    /// - Throws: `ShardError` unless the tar can be read to its end.
    public init(
        scanning name: String, directory: String, perceptualHash: ([UInt8]) -> String
    ) throws(ShardError) {
        path = "\(directory)/\(name).tar"
        file = try ReadableFile(path: path)
        let samples = try TarScan.samples(of: file, perceptualHash: perceptualHash)
        sidecar = ShardSidecar(
            formatVersion: ShardFormat.version, fingerprint: "", planHash: "", settingsHash: "",
            bytes: file.count, sha256: "", samples: samples, quarantined: [])
    }

    /// Reads the sidecar of the shard `name` (without extension) in `directory`.
    /// - Throws: `ShardError.incompleteShard` if it is missing or unreadable, `.otherVersion`.
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

    /// Reads the stored bytes of the member `name`.
    /// - Throws: `ShardError.corruptShard` if `sample` has no such member, `.system`.
    public func storedBytes(
        of name: String, in sample: ShardSidecar.Sample
    ) throws(ShardError) -> [UInt8] {
        guard let member = sample.member(name) else {
            throw .corruptShard(path: path, key: sample.key, reason: "it has no `\(name)`")
        }
        guard member.offset >= 0, member.storedBytes >= 0, member.offset <= file.count,
            member.storedBytes <= file.count - member.offset
        else {
            throw .corruptShard(
                path: path, key: sample.key, reason: "`\(name)` lies outside the tar")
        }
        return try file.read(offset: member.offset, count: member.storedBytes)
    }

    /// Reads the array that a compressed member holds; its zstd checksum is verified.
    /// - Throws: `ShardError.corruptShard` if it is missing or damaged, `.system`.
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

    /// A sample as it is stored, to be written to another shard.
    /// - Throws: `ShardError.corruptShard` if the checksum of a member differs.
    public func storedSample(_ sample: ShardSidecar.Sample) throws(ShardError) -> Sample {
        var members: [SampleMember] = []
        for member in sample.members {
            members.append(try storedMember(member.name, of: sample))
        }
        return Sample(key: sample.key, perceptualHash: sample.perceptualHash, members: members)
    }

    /// One member of a sample as it is stored, to be written to another shard.
    /// - Throws: `ShardError.corruptShard` if it is missing or its checksum differs.
    public func storedMember(
        _ name: String, of sample: ShardSidecar.Sample
    ) throws(ShardError) -> SampleMember {
        let bytes = try storedBytes(of: name, in: sample)
        guard let member = sample.member(name), sha256Hex(bytes) == member.sha256 else {
            throw .corruptShard(
                path: path, key: sample.key, reason: "the checksum of `\(name)` differs")
        }
        return SampleMember(
            name: name, bytes: bytes, uncompressedCount: member.uncompressedBytes)
    }

    /// Reads the class index of a sample, at least 0.
    /// - Throws: `ShardError.corruptShard` if it is missing or no number, `.system`.
    public func classIndex(of sample: ShardSidecar.Sample) throws(ShardError) -> Int {
        let text = String(
            decoding: try storedBytes(of: ShardFormat.classMember, in: sample), as: UTF8.self)
        guard let index = Int(text), index >= 0 else {
            throw .corruptShard(path: path, key: sample.key, reason: "its class is `\(text)`")
        }
        return index
    }

    /// What a sample's manifest row says to a trainer.
    public struct Row: Decodable, Sendable {
        /// The source video, as the row names it.
        public let video: String
        /// The instruction; empty if the row has none.
        public let prompt: String
    }

    /// Reads the row of a sample from its metadata.
    /// - Throws: `ShardError.corruptShard` if it is missing or unreadable, `.system`.
    public func row(of sample: ShardSidecar.Sample) throws(ShardError) -> Row {
        let bytes = try storedBytes(of: ShardFormat.metadataMember, in: sample)
        guard let row = try? decodeJSON(Row.self, from: bytes) else {
            throw .corruptShard(
                path: path, key: sample.key, reason: "its metadata names no video or prompt")
        }
        return row
    }
}
