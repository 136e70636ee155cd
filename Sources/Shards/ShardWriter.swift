/// Writes one shard: samples in the order given, then the sidecar. Not for use by two threads at once.
public final class ShardWriter {
    private let directory: String
    private let name: String
    private let fingerprint: String
    private let file: DurableFile
    private var samples: [ShardSidecar.Sample] = []
    private var quarantined: [ShardSidecar.QuarantinedRow] = []

    /// Starts the shard `name` (without extension) in `directory`.
    public init(directory: String, name: String, fingerprint: String) throws(ShardError) {
        self.directory = directory
        self.name = name
        self.fingerprint = fingerprint
        file = try DurableFile(path: "\(directory)/\(name).tar")
    }

    /// Appends one sample.
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
        samples.append(ShardSidecar.Sample(key: sample.key, members: members))
    }

    /// Records a row that belongs to this shard but cannot be stored.
    public func appendQuarantined(_ row: ShardSidecar.QuarantinedRow) {
        quarantined.append(row)
    }

    /// Publishes the tar, then the sidecar. A shard all of whose rows are quarantined has a sidecar only.
    public func finish() throws(ShardError) -> ShardSidecar {
        try file.write(TarFormat.endOfArchive(after: file.count))
        let sidecar = ShardSidecar(
            formatVersion: ShardFormat.version, fingerprint: fingerprint,
            bytes: samples.isEmpty ? 0 : file.count,
            sha256: samples.isEmpty ? "" : try file.publish(),
            samples: samples, quarantined: quarantined)
        try publishFile(canonicalJSON(sidecar), at: "\(directory)/\(name).json")
        return sidecar
    }
}
