import Files

/// Why a stage cannot run or cannot finish.
///
/// The fault of one clip is a row of `quarantine.csv` instead.
public enum PipelineError: Error, Sendable, CustomStringConvertible {
    case interrupted(signal: Int32)
    case outputInUse(path: String, reason: String)
    /// The rows that were stored and quarantined are not all rows.
    case accounting(rows: Int, stored: Int, quarantined: Int)
    case noDataset(directory: String)
    case nothingStored(directory: String, reasons: [String: Int])
    case unsupported(option: String, reason: String)
    case sizeMismatch(dataset: String, model: String)
    case notFinite(key: String, shard: String, count: Int)
    /// A video that was named by itself, not by a manifest, cannot be decoded.
    case video(path: String, reason: String)
    case worker(reason: String)
    case noClip(name: String, directory: String, nearest: String? = nil)
    case noReport(path: String)
    case unfinished(path: String, missing: [String])
    case shardsLost(path: String, names: [String])
    case notQuarantined(line: Int, manifest: String)
    case beyondRepair(path: String, reason: String)
    /// Features that this machine, or these settings, would not give.
    case otherRecipe(path: String, differences: [String])
    case parentUnavailable(path: String, reason: String)
    /// Tasks that build one dataset were given different options.
    case otherSettings(path: String, differences: [String])

    /// What is wrong and, where something helps, what to do about it.
    public var description: String {
        switch self {
        case .interrupted:
            "Stopped. What was done is kept: the same command goes on from here."
        case .outputInUse(let path, let reason):
            "\(path) \(reason). Name another directory with `--out`, or add `--overwrite`."
        case .accounting(let rows, let stored, let quarantined):
            "\(counted(rows, "row")) went in, but \(stored) were stored and \(quarantined) quarantined. "
                + "Nothing was published; please report this."
        case .noDataset(let directory):
            "No dataset was found in \(directory). "
                + "Build one with `vbprep build-shards MANIFEST`, or name one with `--shards`."
        case .nothingStored(let directory, let reasons):
            "Nothing could be stored ("
                + reasons.sorted { $0.key < $1.key }.map { "\($0.value) × \($0.key)" }
                .joined(separator: ", ")
                + "), so the dataset in \(directory) stays as it was. Check that the videos are there."
        case .unsupported(let option, let reason):
            "\(option) is not possible here: \(reason)."
        case .sizeMismatch(let dataset, let model):
            "The dataset holds \(dataset), but the model wants \(model). "
                + "Build the dataset again with the model's settings (`--image-size`, `--resize`), or, "
                + "if only the size differs, extract with `--interpolate-positions`."
        case .notFinite(let key, let shard, let count):
            "Not finite or too large for float16: \(counted(count, "feature")) of sample \(key) in \(shard). "
                + "Check the model's weights and preprocessor_config.json, or try "
                + "`--precision float32`."
        case .noClip(let name, let directory, let nearest):
            "\(directory) has no clip with the key, path or id `\(name)`. "
                + (nearest.map { "Did you mean `\($0)`? " } ?? "")
                + "Rows that were not stored are in quarantine.csv; questions.csv lists the others."
        case .noReport(let path):
            "\(path) is missing or damaged, which says where the videos are. "
                + "Give the build command again."
        case .unfinished(let path, let missing):
            "\(path) lacks \(counted(missing.count, "shard")) (\(missing.prefix(5).joined(separator: ", "))"
                + "\(missing.count > 5 ? ", …" : "")). Run the tasks that build them again."
        case .shardsLost(let path, let names):
            "Deleted or changed while this ran: \(counted(names.count, "finished shard")) of \(path) "
                + "(\(names.prefix(5).joined(separator: ", "))\(names.count > 5 ? ", …" : "")), so "
                + "nothing was published. Give the same command again: it makes just those."
        case .notQuarantined(let line, let manifest):
            "Line \(line) is not a row in the quarantine of this dataset. Correct rows in "
                + "\(manifest) and build that, or name another directory with `--out`."
        case .beyondRepair(let path, let reason):
            "\(path) cannot be repaired: \(reason). Give the build command again."
        case .otherRecipe(let path, let differences):
            "\(path) holds features of another recipe (\(differences.joined(separator: ", "))). "
                + "Use a machine and settings like those that made it, or make it anew with "
                + "`vbprep extract-features --overwrite`."
        case .otherSettings(let path, let differences):
            "Other tasks have begun the dataset in \(path) with other settings "
                + "(\(differences.joined(separator: ", "))). Give every task the same options, or "
                + "stop them all and begin anew with `--overwrite`."
        case .parentUnavailable(let path, let reason):
            "\(path) cannot be brought up to date: \(reason)."
        case .worker(let reason):
            "No decode worker can be started: \(reason). What was done is kept: give the same command "
                + "again, with fewer `--jobs` if memory is short."
        case .video(let path, let reason):
            "\(path): \(reason)"
        }
    }
}
