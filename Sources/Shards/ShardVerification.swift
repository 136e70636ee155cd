import Files
public import Recipes

/// Something that is not as it was published.
public struct VerificationProblem: Sendable, Codable, Equatable {
    /// What a problem is about, and so what has to be made again.
    public enum Part: String, Sendable, Codable {
        /// A sample of a tar.
        case sample
        /// A tar's own structure: headers, padding, end.
        case archive
        /// A shard's sidecar.
        case sidecar
        /// A file beside the shards.
        case file
        /// Sums that do not add up.
        case accounting
    }

    /// What is affected.
    public let part: Part
    /// Path within the dataset.
    public let path: String
    /// Key of the sample; `nil` for other parts.
    public let key: String?
    /// What was found.
    public let detail: String

    /// Creates the problem from its parts.
    public init(part: Part, path: String, key: String? = nil, detail: String) {
        self.part = part
        self.path = path
        self.key = key
        self.detail = detail
    }
}

/// Compares one shard with what its dataset says of it, byte by byte.
///
/// Memory stays at one sample, however large the shard.
public struct ShardVerification: Sendable {
    /// What is wrong, in file order; empty if the shard is exactly as published.
    public private(set) var problems: [VerificationProblem] = []
    /// Bytes read.
    public private(set) var bytes = 0
    /// Keys of the samples, where the sidecar is readable.
    public private(set) var keys: [ClipKey] = []
    private let tarPath: String

    /// Verifies `shard` of `dataset`, whose sidecar must have the sha256 `sidecarHash`.
    public init(_ shard: DatasetDescription.Shard, of dataset: Dataset, sidecarHash: String?) {
        tarPath = "\(ShardFormat.shardFolder)/\(shard.name).tar"
        let sidecarPath = "\(ShardFormat.shardFolder)/\(shard.name).json"
        let sidecar: ShardSidecar
        do throws(ShardError) {
            let content = try onDisk { () throws(FileError) in
                try readFile("\(dataset.directory)/\(sidecarPath)")
            }
            bytes += content.count
            if sha256Hex(content) != sidecarHash {
                problems.append(
                    .init(part: .sidecar, path: sidecarPath, detail: "its checksum differs"))
            }
            sidecar = try ShardReader.readSidecar(
                directory: dataset.shardDirectory, name: shard.name)
        } catch {
            problems.append(.init(part: .sidecar, path: sidecarPath, detail: "\(error)"))
            return
        }
        keys = sidecar.samples.map(\.key)
        do throws(ShardError) {
            let path = "\(dataset.directory)/\(tarPath)"
            try verify(
                onDisk { () throws(FileError) in try ReadableFile(path: path) }, shard: shard,
                sidecar: sidecar, array: dataset.description.array)
        } catch {
            problems.append(.init(part: .archive, path: tarPath, detail: "\(error)"))
        }
    }

    private mutating func verify(
        _ file: ReadableFile, shard: DatasetDescription.Shard, sidecar: ShardSidecar,
        array: DatasetDescription.Array
    ) throws(ShardError) {
        bytes += file.count
        let hash = try onDisk { () throws(FileError) in try file.sha256() }
        let isIntact = file.count == shard.bytes && hash == shard.sha256
        var end = 0
        for sample in sidecar.samples {
            for member in sample.members {
                let finding = try finding(
                    member, of: sample, in: file, at: &end, array: array)
                if let (part, detail) = finding { add(part, "\(sample.key)", detail) }
            }
        }
        if sidecar.samples.count != shard.clips {
            add(
                .archive, nil,
                "\(counted(sidecar.samples.count, "sample")) instead of \(shard.clips)")
        }
        if !isIntact, problems.isEmpty {
            add(.archive, nil, "its checksum differs, outside of the samples")
        }
    }

    /// What is wrong with a member; `end` is where the one before it ends.
    private func finding(
        _ member: ShardSidecar.Member, of sample: ShardSidecar.Sample, in file: ReadableFile,
        at end: inout Int, array: DatasetDescription.Array
    ) throws(ShardError) -> (VerificationProblem.Part, String)? {
        let name = "\(sample.key).\(member.name)"
        let start = end + TarFormat.blockSize
        let padding = TarFormat.padding(after: max(0, member.storedBytes))
        guard member.offset == start, member.storedBytes >= 0, start <= file.count,
            member.storedBytes <= file.count - start
        else { return (.sample, "`\(name)` lies outside the tar") }
        let header = try read(file, end, TarFormat.blockSize)
        let content = try read(file, start, member.storedBytes)
        end = start + member.storedBytes + padding.count
        guard sha256Hex(content) == member.sha256 else {
            return (.sample, "the checksum of `\(name)` differs")
        }
        if let detail = contentFinding(content, of: member, array: array) {
            return (.sample, "`\(name)`: \(detail)")
        }
        let expectedHeader = try TarFormat.header(name: name, size: member.storedBytes)
        guard header == expectedHeader else {
            return (.archive, "the tar header of `\(name)` differs")
        }
        let rest = min(padding.count, file.count - start - member.storedBytes)
        let filling = try read(file, start + member.storedBytes, rest)
        return filling == padding ? nil : (.archive, "the padding after `\(name)` differs")
    }

    private func contentFinding(
        _ content: [UInt8], of member: ShardSidecar.Member, array: DatasetDescription.Array
    ) -> String? {
        guard member.name == array.member else { return nil }
        do throws(ShardError) {
            let stored = try NPYArray(
                fileBytes: member.name.hasSuffix(".zst")
                    ? zstdDecompress(content, expectedCount: member.uncompressedBytes) : content)
            return stored.elementType == array.elementType && stored.shape == array.shape
                ? nil : "it holds \(stored.elementType) \(stored.shape)"
        } catch {
            return "\(error)"
        }
    }

    private func read(
        _ file: ReadableFile, _ offset: Int, _ count: Int
    ) throws(ShardError) -> [UInt8] {
        try onDisk { () throws(FileError) in try file.read(offset: offset, count: count) }
    }

    private mutating func add(_ part: VerificationProblem.Part, _ key: String?, _ detail: String) {
        problems.append(.init(part: part, path: tarPath, key: key, detail: detail))
    }
}
