import Files
import Foundation
import Recipes

/// Writes one shard: samples in the order given, then the sidecar.
///
/// What has been appended is kept if the process is killed: beside the unfinished tar lies a
/// journal with a line for each sample, which `UnfinishedShard` reads. Not for use by two threads
/// at once.
public final class ShardWriter {
    private let directory: String
    private let name: String
    private let file: DurableFile
    private let journalPath: String
    private var samples: [ShardSidecar.Sample] = []
    private var quarantined: [ShardSidecar.QuarantinedClip] = []

    /// Starts the shard `name` (without extension) in `directory`.
    /// - Throws: `ShardError.file`.
    public init(directory: String, name: String) throws(ShardError) {
        self.directory = directory
        self.name = name
        let path = "\(directory)/\(name).tar"
        file = try onDisk { () throws(FileError) in
            try DurableFile(path: path, keepsUnfinished: true)
        }
        journalPath = UnfinishedShard.journalPath(ofTemporary: file.temporaryPath)
        try onDisk { () throws(FileError) in try removeFile(at: journalPath) }
    }

    /// Appends one sample.
    /// - Throws: `ShardError.file`, or `.compression` if a member does not fit USTAR.
    public func append(_ sample: Sample) throws(ShardError) {
        var members: [ShardSidecar.Member] = []
        for member in sample.members {
            let header = try TarFormat.header(
                name: "\(sample.key).\(member.name)", size: member.bytes.count)
            try onDisk { () throws(FileError) in try file.write(header) }
            members.append(
                ShardSidecar.Member(
                    name: member.name, offset: file.count, storedBytes: member.bytes.count,
                    uncompressedBytes: member.uncompressedCount, sha256: sha256Hex(member.bytes)))
            try onDisk { () throws(FileError) in
                try file.write(member.bytes)
                try file.write(TarFormat.padding(after: member.bytes.count))
            }
        }
        let entry = ShardSidecar.Sample(
            key: sample.key, origin: sample.origin, perceptualHash: sample.perceptualHash,
            members: members)
        samples.append(entry)
        try onDisk { () throws(FileError) in
            try appendToFile(canonicalJSON(entry, pretty: false), at: journalPath)
        }
    }

    /// Records a clip that belongs to this shard but cannot be stored.
    /// - Throws: `ShardError.file`.
    public func appendQuarantined(_ clip: ShardSidecar.QuarantinedClip) throws(ShardError) {
        quarantined.append(clip)
        try onDisk { () throws(FileError) in
            try appendToFile(canonicalJSON(clip, pretty: false), at: journalPath)
        }
    }

    /// Publishes the tar, then the sidecar.
    ///
    /// A shard all of whose clips are quarantined has a sidecar only.
    /// - Parameters:
    ///   - provenance: What the shard was made from.
    ///   - expectedHash: sha256 that the tar must have; `nil` accepts any.
    /// - Returns: The sidecar as written.
    /// - Throws: `ShardError.file`, and `.notRestored` if the tar is not the expected one, which
    ///   then is not published.
    public func finish(
        provenance: ShardSidecar.Provenance, expectedHash: String? = nil
    ) throws(ShardError) -> ShardSidecar {
        let end = TarFormat.endOfArchive(after: file.count)
        try onDisk { () throws(FileError) in try file.write(end) }
        let hash = samples.isEmpty ? "" : file.sha256
        if let expectedHash, hash != expectedHash { throw .notRestored(path: file.path) }
        let sidecar = ShardSidecar(
            formatVersion: ShardFormat.version, provenance: provenance,
            bytes: samples.isEmpty ? 0 : file.count, sha256: hash, samples: samples,
            quarantined: quarantined)
        try onDisk { () throws(FileError) in
            // A sidecar vouches for its tar, so the old one goes before the new tar comes.
            let sidecarPath = "\(directory)/\(name).json"
            if samples.isEmpty {
                try removeFile(at: file.temporaryPath)
            } else {
                try removeFile(at: sidecarPath)
                try file.publish()
            }
            try publishFile(canonicalJSON(sidecar), at: sidecarPath)
            try removeFile(at: journalPath)
        }
        return sidecar
    }
}

/// What a writer that was killed or stopped had appended to a shard.
public struct UnfinishedShard: Sendable {
    /// Reads the samples; one that was not whole, or is damaged, fails when it is read.
    public let reader: ShardReader
    /// Clips that cannot be stored.
    public let quarantined: [ShardSidecar.QuarantinedClip]

    /// How many clips the writer of the temporary tar at `path` has appended and quarantined.
    public static func counts(ofTemporary path: String) -> (stored: Int, quarantined: Int) {
        let journal = (try? readFile(journalPath(ofTemporary: path))) ?? []
        let lines = journal.split(separator: UInt8(ascii: "\n"))
        let stored = lines.count { $0.firstRange(of: Array("\"members\":".utf8)) != nil }
        return (stored, lines.count - stored)
    }

    private static let journalSuffix = ".journal"

    static func journalPath(ofTemporary path: String) -> String { path + journalSuffix }

    /// The unfinished shards in `directory` whose writers are gone; all of them, if this process
    /// `isAlone` there.
    public static func all(in directory: String, isAlone: Bool = false) -> [UnfinishedShard] {
        abandonedTemporaries(in: directory, isAlone: isAlone).compactMap { name in
            let path = "\(directory)/\(name)"
            guard let journal = try? readFile(journalPath(ofTemporary: path)) else { return nil }
            let decoder = JSONDecoder()
            var samples: [ShardSidecar.Sample] = []
            var quarantined: [ShardSidecar.QuarantinedClip] = []
            for line in journal.split(separator: UInt8(ascii: "\n")) {
                let data = Data(line)
                if let sample = try? decoder.decode(ShardSidecar.Sample.self, from: data) {
                    samples.append(sample)
                } else if let clip = try? decoder.decode(
                    ShardSidecar.QuarantinedClip.self, from: data)
                {
                    quarantined.append(clip)
                }
            }
            guard let reader = try? ShardReader(path: path, samples: samples) else { return nil }
            return UnfinishedShard(reader: reader, quarantined: quarantined)
        }
    }
}
