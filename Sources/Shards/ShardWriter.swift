/// Writes one shard: samples in the order given, then the sidecar.
///
/// Not for use by two threads at once.
public final class ShardWriter {
    private let directory: String
    private let name: String
    private let file: DurableFile
    private var samples: [ShardSidecar.Sample] = []
    private var quarantined: [ShardSidecar.QuarantinedRow] = []

    /// Starts the shard `name` (without extension) in `directory`.
    /// - Throws: `ShardError.system`.
    public init(directory: String, name: String) throws(ShardError) {
        self.directory = directory
        self.name = name
        file = try DurableFile(path: "\(directory)/\(name).tar")
    }

    /// Appends one sample.
    /// - Throws: `ShardError.system`, or `.encoding` if a member does not fit USTAR.
    public func append(_ sample: Sample) throws(ShardError) {
        var members: [ShardSidecar.Member] = []
        for member in sample.members {
            try file.write(
                TarFormat.header(name: "\(sample.key).\(member.name)", size: member.bytes.count))
            members.append(
                ShardSidecar.Member(
                    name: member.name, offset: file.count, storedBytes: member.bytes.count,
                    uncompressedBytes: member.uncompressedCount, sha256: sha256Hex(member.bytes)))
            try file.write(member.bytes)
            try file.write(TarFormat.padding(after: member.bytes.count))
        }
        samples.append(
            ShardSidecar.Sample(
                key: sample.key, perceptualHash: sample.perceptualHash, members: members))
    }

    /// Records a row that belongs to this shard but cannot be stored.
    public func appendQuarantined(_ row: ShardSidecar.QuarantinedRow) {
        quarantined.append(row)
    }

    /// Publishes the tar, then the sidecar.
    ///
    /// A shard all of whose rows are quarantined has a sidecar only.
    /// - Parameters:
    ///   - provenance: What the shard was made from.
    ///   - expectedHash: sha256 that the tar must have; `nil` accepts any.
    /// - Returns: The sidecar as written.
    /// - Throws: `ShardError.system`, `.encoding`, and `.notRestored` if the tar is not the expected
    ///   one, which then is not published.
    public func finish(
        provenance: ShardProvenance, expectedHash: String? = nil
    ) throws(ShardError) -> ShardSidecar {
        try file.write(TarFormat.endOfArchive(after: file.count))
        let hash = samples.isEmpty ? "" : file.sha256
        if let expectedHash, hash != expectedHash { throw .notRestored(path: file.path) }
        let sidecarPath = "\(directory)/\(name).json"
        // A sidecar vouches for its tar, so the old one goes before the new tar comes.
        if !samples.isEmpty {
            try removeFile(at: sidecarPath)
            try file.publish()
        }
        let sidecar = ShardSidecar(
            formatVersion: ShardFormat.version, fingerprint: provenance.fingerprint,
            planHash: provenance.planHash, settingsHash: provenance.settingsHash,
            bytes: samples.isEmpty ? 0 : file.count, sha256: hash, samples: samples,
            quarantined: quarantined)
        try publishFile(canonicalJSON(sidecar), at: sidecarPath)
        return sidecar
    }
}
