import Files
public import Recipes

/// A published dataset directory: its description, and its shards by name.
public struct Dataset: Sendable {
    /// Path of the directory, as given.
    public let directory: String
    /// The content of its `dataset.json`.
    public let description: DatasetDescription

    /// Path of the folder that holds the tars and their sidecars.
    public var shardDirectory: String { "\(directory)/\(ShardFormat.shardFolder)" }

    /// Opens `directory`, which must hold a `dataset.json` of this format version.
    ///
    /// Its checksum is verified as well.
    /// - Throws: `ShardError.notADataset`, `.otherVersion`, `.corruptFile` if its checksum differs,
    ///   or `.file` if it cannot be read.
    public init(directory: String) throws(ShardError) {
        self.directory = directory
        let path = "\(directory)/\(ShardFormat.descriptionName)"
        guard try onDisk({ () throws(FileError) in try hasFile(at: path) }) else {
            throw .notADataset(
                path: directory, reason: "there is no \(ShardFormat.descriptionName) in it")
        }
        let bytes = try onDisk { () throws(FileError) in try readFile(path) }
        struct Version: Decodable { let formatVersion: Int }
        guard let version = try? decodeJSON(Version.self, from: bytes) else {
            throw .notADataset(path: directory, reason: "its description has no format version")
        }
        guard version.formatVersion == ShardFormat.version else {
            throw .otherVersion(
                path: directory, found: version.formatVersion, expected: ShardFormat.version)
        }
        do {
            description = try decodeJSON(DatasetDescription.self, from: bytes)
        } catch {
            throw .notADataset(
                path: directory, reason: "its description lacks fields or has unknown values")
        }
        guard try onDisk({ () throws(FileError) in try description.isIntact(as: bytes) }) else {
            throw .corruptFile(path: path, reason: "its checksum differs")
        }
        guard description.isPlausible else {
            throw .notADataset(path: directory, reason: "the sizes in its description are absurd")
        }
        for shard in description.shards
        where shard.name.contains("/") || shard.name.hasPrefix(".") {
            throw .notADataset(path: directory, reason: "it names a shard `\(shard.name)`")
        }
    }

    /// Checks that the dataset holds `kind`.
    /// - Throws: `ShardError.otherKind` if it does not.
    public func require(_ kind: DatasetDescription.Kind) throws(ShardError) {
        guard description.kind == kind else {
            throw .otherKind(
                path: directory, found: description.kind.rawValue, expected: kind.rawValue)
        }
    }

    /// Opens a reader for each shard of `split`, in order; `nil` means all splits.
    /// - Throws: as `reader(of:)`.
    public func readers(split: Split? = nil) throws(ShardError) -> [ShardReader] {
        var readers: [ShardReader] = []
        for shard in description.shards where split == nil || shard.split == split {
            readers.append(try reader(of: shard))
        }
        return readers
    }

    /// Opens a reader for `shard` and verifies its sidecar's checksum; the sidecar has the others.
    /// - Throws: `ShardError.incompleteShard`, `.otherVersion` or `.corruptShard` if sidecar and
    ///   tar do not fit, `.corruptFile` if the sidecar's checksum differs, `.file`.
    public func reader(of shard: DatasetDescription.Shard) throws(ShardError) -> ShardReader {
        let name = "\(ShardFormat.shardFolder)/\(shard.name).json"
        let reader = try ShardReader(directory: shardDirectory, name: shard.name)
        let path = "\(directory)/\(name)"
        let hash = try onDisk { () throws(FileError) in try sha256Hex(ofFile: path) }
        guard hash == description.files[name] else {
            throw .corruptFile(path: path, reason: "its checksum differs")
        }
        return reader
    }
}
