import Foundation
import Shards

/// The directory that a stage writes its dataset to.
struct DatasetOutput {
    let directory: String

    var shardDirectory: String { "\(directory)/\(ShardFormat.shardFolder)" }

    /// Makes the directory ready, without touching anything that is somebody else's.
    /// - Parameters:
    ///   - kind: What will be written.
    ///   - overwrite: Whether another dataset may be replaced.
    ///   - objection: Says why the dataset that is there cannot be continued, or `nil`.
    /// - Throws: `PipelineError.outputInUse`, `ShardError`.
    func prepare(
        for kind: DatasetDescription.Kind, overwrite: Bool,
        unless objection: (DatasetDescription) -> String?
    ) throws {
        let manager = FileManager.default
        let names = (try? manager.contentsOfDirectory(atPath: directory)) ?? []
        if names.contains(ShardFormat.descriptionName) {
            if !overwrite {
                let existing = try Dataset(directory: directory).description
                let reason = existing.kind == kind ? objection(existing) : "is of another kind"
                if let reason {
                    throw PipelineError.outputInUse(
                        path: directory, reason: "holds a dataset that \(reason)")
                }
            }
        } else if !names.isEmpty, !names.contains(ShardFormat.shardFolder), !overwrite {
            throw PipelineError.outputInUse(path: directory, reason: "holds other files")
        }
        try makeDirectory(at: shardDirectory)
        removeAbandonedTemporaries(in: shardDirectory)
        removeAbandonedTemporaries(in: directory)
    }

    /// Whether the shard `name` was once completed here.
    func hasSidecar(_ name: String) -> Bool {
        FileManager.default.fileExists(atPath: "\(shardDirectory)/\(name).json")
    }

    /// Withdraws the dataset's description while its shards change.
    func removeDescription() throws(ShardError) {
        try removeFile(at: "\(directory)/\(ShardFormat.descriptionName)")
    }
}
