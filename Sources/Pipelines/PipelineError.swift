/// Why a stage cannot run or cannot finish.
///
/// The fault of one clip is a row of `quarantine.csv` instead.
public enum PipelineError: Error, Sendable, CustomStringConvertible {
    case interrupted(signal: Int32)
    case outputInUse(path: String, reason: String)
    case accounting(rows: Int, stored: Int, quarantined: Int)
    case noDataset(directory: String)
    case unsupported(option: String, reason: String)
    case sizeMismatch(dataset: String, model: String)
    case overflow(key: String, shard: String, count: Int)
    case video(path: String, reason: String)
    case worker(reason: String)
    case noClip(key: String, directory: String)
    case busy(path: String)
    case noReport(path: String)
    case unfinished(path: String, missing: [String])
    case notQuarantined(line: Int, manifest: String)
    case beyondRepair(path: String, reason: String)
    case otherProcessor(path: String, precision: String)

    /// What is wrong and, where something helps, what to do about it.
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
            "\(count) features of sample \(key) in \(shard) are too large for float16. "
                + "Check the model's weights, or try `--precision float32`."
        case .noClip(let key, let directory):
            "\(directory) has no clip \(key). Keys are row numbers; quarantine.csv lists rows that "
                + "were not stored."
        case .busy(let path):
            "Another process is building in \(path). "
                + "Wait for it, or name another directory with `--out`."
        case .noReport(let path):
            "\(path) is missing or damaged, which says where the videos are. "
                + "Give the build command again."
        case .unfinished(let path, let missing):
            "\(path) lacks \(missing.count) shards (\(missing.prefix(5).joined(separator: ", "))"
                + "\(missing.count > 5 ? ", …" : "")). Run the tasks that build them again."
        case .notQuarantined(let line, let manifest):
            "Line \(line) is not a row in the quarantine of this dataset. Correct rows in "
                + "\(manifest) and build that, or name another directory with `--out`."
        case .beyondRepair(let path, let reason):
            "\(path) cannot be repaired: \(reason). Give the build command again."
        case .otherProcessor(let path, let precision):
            "\(path) holds features computed in \(precision), which this processor cannot do. "
                + "Repair it on a machine like the one that made it, or make it anew with "
                + "`vbprep extract-features --precision float32 --overwrite`."
        case .worker(let reason):
            "No decode worker can be started: \(reason). "
                + "Lower `--jobs`, or decode in this process with `--in-process`."
        case .video(let path, let reason):
            "\(path): \(reason)"
        }
    }
}
