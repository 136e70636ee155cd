import Files
import Foundation
import Recipes

/// Random access to the samples of one shard, without ever loading the shard.
///
/// The tar is open only while something is read, so any number of readers may be kept. Safe to
/// share between threads.
public final class ShardReader: Sendable {
    /// Path of the tar.
    public let path: String
    /// What the tar holds and where.
    public let samples: [ShardSidecar.Sample]
    /// Size of the tar in bytes when the reader was made.
    private let count: Int

    /// Opens the shard `name` (without extension) in `directory`.
    /// - Throws: `ShardError.incompleteShard` if the sidecar is missing or not readable JSON, or
    ///   the tar has another size; `.otherVersion`; `.corruptShard` if a member lies outside the
    ///   tar; `.file`.
    public convenience init(directory: String, name: String) throws(ShardError) {
        let sidecar = try Self.readSidecar(directory: directory, name: name)
        try self.init(path: "\(directory)/\(name).tar", samples: sidecar.samples)
        guard count == sidecar.bytes else {
            throw .incompleteShard(
                path: path,
                reason: "it has \(counted(count, "byte")), its sidecar says \(sidecar.bytes)")
        }
        for sample in samples {
            for member in sample.members { try checkPlace(of: member, sample.key) }
        }
    }

    /// Opens a tar that is damaged or unfinished, to save the `samples` that can be read.
    /// - Throws: `ShardError.file` if there is no tar.
    public init(path: String, samples: [ShardSidecar.Sample]) throws(ShardError) {
        self.path = path
        self.samples = samples
        count = try onDisk { () throws(FileError) in try ReadableFile(path: path).count }
    }

    /// Opens a tar whose sidecar is lost.
    ///
    /// `describe` reads origin and perceptual hash from a sample's metadata member. A tar that ends
    /// between two members is read up to there.
    /// - Throws: `ShardError.incompleteShard` if a header, a size or the metadata are not as
    ///   `ShardWriter` writes them; `.file`.
    public convenience init(
        scanning path: String,
        describe: ([UInt8]) -> (origin: SampleOrigin, perceptualHash: String)?
    ) throws(ShardError) {
        let file = try onDisk { () throws(FileError) in try ReadableFile(path: path) }
        try self.init(path: path, samples: TarScan.samples(of: file, describe: describe))
    }

    /// Reads the sidecar of the shard `name` (without extension) in `directory`.
    /// - Throws: `ShardError.incompleteShard` if it is missing or not readable JSON;
    ///   `.otherVersion`; `.file`.
    public static func readSidecar(
        directory: String, name: String
    ) throws(ShardError) -> ShardSidecar {
        let path = "\(directory)/\(name).json"
        guard fileExists(path) else {
            throw .incompleteShard(path: "\(directory)/\(name).tar", reason: "it has no sidecar")
        }
        let bytes = try onDisk { () throws(FileError) in try readFile(path) }
        guard let sidecar = try? JSONDecoder().decode(ShardSidecar.self, from: Data(bytes)) else {
            throw .incompleteShard(path: path, reason: "its sidecar is not readable JSON")
        }
        guard sidecar.formatVersion == ShardFormat.version else {
            throw .otherVersion(
                path: path, found: sidecar.formatVersion, expected: ShardFormat.version)
        }
        return sidecar
    }

    /// Reads the stored bytes of the member `name`, whose checksum is compared.
    /// - Throws: `ShardError.corruptShard` if it is missing or its checksum differs, `.file`.
    public func storedBytes(
        of name: String, in sample: ShardSidecar.Sample
    ) throws(ShardError) -> [UInt8] {
        let bytes = try uncheckedBytes(of: name, in: sample)
        guard sha256Hex(bytes) == sample.member(name)?.sha256 else {
            throw corrupt(sample.key, "the checksum of `\(name)` differs")
        }
        return bytes
    }

    private func uncheckedBytes(
        of name: String, in sample: ShardSidecar.Sample
    ) throws(ShardError) -> [UInt8] {
        guard let member = sample.member(name) else {
            throw corrupt(sample.key, "it has no `\(name)`")
        }
        try checkPlace(of: member, sample.key)
        return try onDisk { () throws(FileError) in
            let file = try ReadableFile(path: path)
            guard file.count >= member.offset + member.storedBytes else {
                throw FileError.system(
                    operation: "read", path: path, code: 0, reason: "it became shorter")
            }
            return try file.read(offset: member.offset, count: member.storedBytes)
        }
    }

    /// Reads the array that a member holds, compressed or not.
    /// - Throws: `ShardError.corruptShard` if it is missing or damaged, `.file`.
    public func array(
        of name: String, in sample: ShardSidecar.Sample
    ) throws(ShardError) -> NPYArray {
        try decoded(storedBytes(of: name, in: sample), name, of: sample)
    }

    /// Reads the array of a member for display: as `array`, but verified by zstd's checksum alone,
    /// where it is compressed.
    /// - Throws: as `array`.
    public func picture(
        of name: String, in sample: ShardSidecar.Sample
    ) throws(ShardError) -> NPYArray {
        try decoded(uncheckedBytes(of: name, in: sample), name, of: sample)
    }

    private func decoded(
        _ stored: [UInt8], _ name: String, of sample: ShardSidecar.Sample
    ) throws(ShardError) -> NPYArray {
        do throws(ShardError) {
            guard name.hasSuffix(".zst") else { return try NPYArray(fileBytes: stored) }
            return try NPYArray(
                fileBytes: zstdDecompress(
                    stored, expectedCount: sample.member(name)?.uncompressedBytes ?? 0))
        } catch {
            throw corrupt(sample.key, "\(error)")
        }
    }

    /// One member of a sample as it is stored, to be written to another shard.
    /// - Throws: `ShardError.corruptShard` if it is missing or its checksum differs, `.file`.
    public func storedMember(
        _ name: String, of sample: ShardSidecar.Sample
    ) throws(ShardError) -> SampleMember {
        SampleMember(
            name: name, bytes: try storedBytes(of: name, in: sample),
            uncompressedCount: sample.member(name)?.uncompressedBytes ?? 0)
    }

    /// Decodes the metadata member of `sample`.
    /// - Throws: `ShardError.corruptShard` if it is missing or lacks fields, `.file`.
    public func metadata<Value: Decodable>(
        _ type: Value.Type, of sample: ShardSidecar.Sample
    ) throws(ShardError) -> Value {
        let bytes = try storedBytes(of: ShardFormat.metadataMember, in: sample)
        guard let value = try? decodeJSON(type, from: bytes) else {
            throw corrupt(sample.key, "its metadata lacks fields")
        }
        return value
    }

    private func corrupt(_ key: ClipKey, _ reason: String) -> ShardError {
        .corruptShard(path: path, key: "\(key)", reason: reason)
    }

    private func checkPlace(
        of member: ShardSidecar.Member, _ key: ClipKey
    ) throws(ShardError) {
        guard member.offset >= 0, member.storedBytes >= 0, member.uncompressedBytes >= 0,
            member.offset <= count, member.storedBytes <= count - member.offset
        else { throw corrupt(key, "`\(member.name)` lies outside the tar") }
    }
}
