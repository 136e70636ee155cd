public import Files

/// Why a dataset, a shard or a member of one cannot be written or read.
public enum ShardError: Error, Sendable, Equatable, CustomStringConvertible {
    case notADataset(path: String, reason: String)
    case otherVersion(path: String, found: Int, expected: Int)
    case otherKind(path: String, found: String, expected: String)
    case incompleteShard(path: String, reason: String)
    case corruptShard(path: String, key: String, reason: String)
    case corruptFile(path: String, reason: String)
    case malformedArray(String)
    case malformedFrame(String)
    case compression(String)
    /// A shard that was made again is not the one that was published.
    case notRestored(path: String)
    case file(FileError)

    /// What is wrong and, where something helps, what to do about it.
    public var description: String {
        switch self {
        case .notADataset(let path, let reason):
            "\(path) is not a dataset: \(reason). Build one with `vbprep build-shards MANIFEST`."
        case .otherVersion(let path, let found, let expected):
            "\(path) has format version \(found); this program reads version \(expected). "
                + "Build it anew with `vbprep build-shards MANIFEST --out \(path) --overwrite`, "
                + "or use the program that made it."
        case .otherKind(let path, let found, let expected):
            "\(path) holds \(found), not \(expected)."
        case .incompleteShard(let path, let reason):
            "The shard \(path) is not complete: \(reason). Run the build command again."
        case .corruptShard(let path, let key, let reason):
            "The shard \(path) is damaged at sample \(key): "
                + "\(reason.hasSuffix(".") ? reason : reason + ".") "
                + "Restore it with `vbprep repair \(Self.dataset(ofShard: path))`."
        case .corruptFile(let path, let reason):
            "\(path) is damaged: \(reason). Restore it with `vbprep repair` or build again."
        case .malformedArray(let reason):
            "This is not a .npy array of version 1.0: \(reason)."
        case .malformedFrame(let reason):
            "This is not one zstd frame with a content size: \(reason)."
        case .compression(let reason):
            "zstd failed: \(reason)."
        case .notRestored(let path):
            "\(path) cannot be restored: its sources, or the FFmpeg or processor that it was made "
                + "with, have changed. "
                + "Give the build command again to bring the dataset up to date."
        case .file(let error):
            error.description
        }
    }

    /// The directory of the dataset that has the shard at `path` in its folder of shards.
    private static func dataset(ofShard path: String) -> String {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropLast(2)
        return parts.isEmpty ? "." : parts.joined(separator: "/")
    }
}

/// The result of `body`, whose failure becomes a `ShardError`.
func onDisk<Result>(
    _ body: () throws(FileError) -> Result
) throws(ShardError) -> Result {
    do { return try body() } catch { throw .file(error) }
}
