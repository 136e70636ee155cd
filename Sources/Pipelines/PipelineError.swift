/// Why a stage cannot run or cannot finish. The fault of one clip is a row of `quarantine.csv` instead.
public enum PipelineError: Error, Sendable, CustomStringConvertible {
    case interrupted(signal: Int32)
    case outputInUse(path: String, reason: String)
    case accounting(rows: Int, stored: Int, quarantined: Int)
    case noDataset(directory: String)
    case unsupported(option: String, reason: String)
    case sizeMismatch(dataset: String, model: String)
    case overflow(key: String, shard: String, count: Int)
    case video(path: String, reason: String)

    public var description: String {
        switch self {
        case .interrupted:
            "Stopped. What was done is kept: the same command goes on from here."
        case .outputInUse(let path, let reason):
            "\(path) \(reason). Name another directory with `--out`, or add `--overwrite`."
        case .accounting(let rows, let stored, let quarantined):
            "\(rows) rows went in, but \(stored) were stored and \(quarantined) quarantined. "
                + "Nothing was published; please report this."
        case .noDataset(let directory):
            "No dataset was found in \(directory). "
                + "Build one with `vbprep build-shards MANIFEST`, or name one with `--shards`."
        case .unsupported(let option, let reason):
            "\(option) is not possible here: \(reason)."
        case .sizeMismatch(let dataset, let model):
            "The dataset holds \(dataset), the model wants \(model). "
                + "Build the dataset again with the model's settings."
        case .overflow(let key, let shard, let count):
            "\(count) features of sample \(key) in \(shard) are too large for float16."
        case .video(let path, let reason):
            "\(path): \(reason)"
        }
    }
}
