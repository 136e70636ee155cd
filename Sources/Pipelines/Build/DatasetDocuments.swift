import Files
import Shards

/// The files of a dataset for other tools: `README.md`, `croissant.json`, `SHA256SUMS`.
///
/// All three follow from `dataset.json` and from the license that somebody filled in.
struct DatasetDocuments {
    private let description: DatasetDescription
    private let license: String

    /// The names of the files.
    static let names = [
        ShardFormat.readmeName, ShardFormat.croissantName, ShardFormat.checksumsName,
    ]

    /// The documents of the dataset that `description` describes.
    ///
    /// A license that was filled in in the README of `directory` stays.
    init(of description: DatasetDescription, directory: String) {
        self.description = description
        license = HubLicense.filledIn(at: "\(directory)/\(ShardFormat.readmeName)")
    }

    /// Name and content of each.
    /// - Throws: `FileError.encoding`.
    func files() throws -> [(name: String, bytes: [UInt8])] {
        let readme = [UInt8](try DatasetReadme(of: description, license: license).text.utf8)
        let croissant = try Croissant(of: description, license: license).bytes()
        let documents = [(ShardFormat.readmeName, readme), (ShardFormat.croissantName, croissant)]
        let hashes = documents.map { (path: $0, hash: sha256Hex($1)) }
        return documents + [(ShardFormat.checksumsName, try checksums(with: hashes))]
    }

    /// Lines of `sha256sum`, in the order of the paths; tars are not read again.
    private func checksums(with documents: [(path: String, hash: String)]) throws -> [UInt8] {
        var hashes = description.files
        for shard in description.shards {
            hashes["\(ShardFormat.shardFolder)/\(shard.name).tar"] = shard.sha256
        }
        hashes[ShardFormat.descriptionName] = sha256Hex(try canonicalJSON(description))
        for (path, hash) in documents { hashes[path] = hash }
        let lines = hashes.sorted { $0.key < $1.key }.map { "\($0.value)  \($0.key)\n" }
        return [UInt8](lines.joined().utf8)
    }

    /// The files that are missing in `directory` or not as they should be there.
    func outdated(in directory: String) throws -> [String] {
        try files().filter { (try? readFile("\(directory)/\($0.name)")) != $0.bytes }.map(\.name)
    }

    /// Writes them into the dataset in `directory`, which no other process may be changing.
    /// - Throws: `FileError.busy` if one is, `.cannotCreate`, `.encoding` or `.system`.
    func publish(in directory: String) throws {
        let lock = try DirectoryLock(directory: directory, isShared: false)
        defer { withExtendedLifetime(lock) {} }
        for (name, bytes) in try files() { try publishFile(bytes, at: "\(directory)/\(name)") }
    }
}

extension DatasetStaging {
    /// Stages `description` and the documents that follow from it.
    /// - Returns: The documents' names, which `commit` must publish.
    func stage(_ description: DatasetDescription) throws -> [String] {
        let documents = DatasetDocuments(of: description, directory: directory)
        for (name, bytes) in try documents.files() { try stage(bytes, as: name) }
        try stage(canonicalJSON(description), as: ShardFormat.descriptionName)
        return DatasetDocuments.names
    }
}
