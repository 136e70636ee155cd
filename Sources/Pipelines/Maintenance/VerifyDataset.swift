import Files
import Recipes
public import Shards

/// What a verification found; `verify --json` prints it.
public struct VerificationSummary: Sendable, Codable {
    /// Samples whose bytes were read.
    public var samples = 0
    /// Bytes read.
    public var bytes = 0
    /// What is not as it was published, in the order of the shards; empty if all is well.
    public var problems: [VerificationProblem] = []

    /// Keys of the bad samples, each once, in ascending order.
    public var badKeys: [String] { Set(problems.compactMap(\.key)).sorted() }
}

/// Reads every byte of a dataset and compares it with what was published.
public struct VerifyDataset: Sendable {
    private let directory: String
    private let jobs: Int

    /// Verifies the dataset in `directory`, `jobs` shards at once.
    public init(directory: String, jobs: Int) {
        self.directory = directory
        self.jobs = jobs
    }

    /// Verifies the dataset; `progress` is called after each shard.
    ///
    /// Bad data is a finding, not an error.
    /// - Throws: `ShardError.otherVersion`, or `.notADataset` or `.file` if the directory holds no
    ///   dataset at all; `PipelineError.interrupted` after a clean stop.
    public func run(
        stop: StopSignal, progress: (StageProgress) -> Void
    ) async throws -> VerificationSummary {
        var summary = VerificationSummary()
        guard let dataset = try intactDataset(&summary) else { return summary }
        let description = dataset.description
        var keys: Set<ClipKey> = []
        var done = 0
        try await forEachInOrder(
            description.shards, limit: jobs, shouldStop: { stop.isRequested },
            operation: { shard in
                let path = "\(ShardFormat.shardFolder)/\(shard.name).json"
                return ShardVerification(
                    shard, of: dataset, sidecarHash: description.files[path])
            }
        ) { shard in
            summary.bytes += shard.bytes
            summary.samples += shard.keys.count
            summary.problems += shard.problems
            for key in shard.keys where !keys.insert(key).inserted {
                summary.problems.append(
                    .init(
                        part: .accounting, path: ShardFormat.descriptionName, key: "\(key)",
                        detail: "two samples have this key"))
            }
            done += 1
            progress(
                StageProgress(
                    done: done, total: description.shards.count, quarantined: 0, reused: 0))
        }
        if let signal = stop.signal { throw PipelineError.interrupted(signal: signal) }
        verifyFiles(of: description, into: &summary)
        let documents = DatasetDocuments(of: description, directory: directory)
        for name in try documents.outdated(in: directory) {
            summary.problems.append(
                .init(part: .file, path: name, detail: "it is missing or not as it should be"))
        }
        verifyAccounting(of: description, into: &summary)
        return summary
    }

    /// The dataset, unless its description is damaged, which is then the only finding.
    private func intactDataset(_ summary: inout VerificationSummary) throws -> Dataset? {
        do {
            return try Dataset(directory: directory)
        } catch ShardError.otherVersion(let path, let found, let expected) {
            throw ShardError.otherVersion(path: path, found: found, expected: expected)
        } catch  where !fileExists("\(directory)/\(ShardFormat.shardFolder)") {
            throw error
        } catch {}
        summary.problems.append(
            .init(
                part: .file, path: ShardFormat.descriptionName,
                detail: "it is missing or not as it was written; the shards were not compared"))
        return nil
    }

    /// Compares the files beside the tars whose hashes the description holds.
    private func verifyFiles(
        of description: DatasetDescription, into summary: inout VerificationSummary
    ) {
        let sidecars = Set(
            description.shards.map { "\(ShardFormat.shardFolder)/\($0.name).json" })
        for (path, hash) in description.files.sorted(by: { $0.key < $1.key })
        where !sidecars.contains(path) {
            let isSidecar = path.hasPrefix(ShardFormat.shardFolder)
            if let bytes = try? readFile("\(directory)/\(path)") {
                summary.bytes += bytes.count
                if sha256Hex(bytes) == hash { continue }
            }
            summary.problems.append(
                .init(
                    part: isSidecar ? .sidecar : .file, path: path,
                    detail: "it is missing or its checksum differs"))
        }
        do {
            _ = try BuildReport.read(directory)
        } catch {
            summary.problems.append(
                .init(part: .file, path: ShardFormat.reportName, detail: "\(error)"))
        }
    }

    private func verifyAccounting(
        of description: DatasetDescription, into summary: inout VerificationSummary
    ) {
        let accounting = description.accounting
        guard accounting.rows != accounting.stored + accounting.quarantined else { return }
        summary.problems.append(
            .init(
                part: .accounting, path: ShardFormat.descriptionName,
                detail: "\(counted(accounting.rows, "row")), \(accounting.stored) stored, "
                    + "\(accounting.quarantined) quarantined"))
    }
}
