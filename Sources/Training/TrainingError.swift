/// Why a training, an evaluation or a run directory fails.
public enum TrainingError: Error, Sendable, Equatable, CustomStringConvertible {
    case invalidOption(name: String, wanted: String)
    case emptySplit(split: String, dataset: String)
    case notFinite(what: String, step: Int, keys: [String])
    case notARun(path: String, reason: String)
    case runExists(path: String)
    case datasetMismatch(run: String, dataset: String)

    /// What is wrong and, where something helps, what to do about it.
    public var description: String {
        switch self {
        case .invalidOption(let name, let wanted):
            "\(name) must be \(wanted)."
        case .emptySplit(let split, let dataset):
            "\(dataset) has no clips in the split `\(split)`. "
                + "Give rows that split in the manifest, "
                + "or build the dataset with another `--split`."
        case .notFinite(let what, let step, let keys):
            "The \(what) is not finite at step \(step), "
                + "with the clips \(keys.joined(separator: ", ")). "
                + "Lower `--learning-rate`, or look at these clips with `vbprep inspect`."
        case .notARun(let path, let reason):
            "\(path) is not a finished run: \(reason). Train one with `vbtrain --shards DIR`."
        case .runExists(let path):
            "\(path) holds a run already. "
                + "Name another directory with `--out`, or add `--overwrite`."
        case .datasetMismatch(let run, let dataset):
            "The run was trained on \(run), the dataset holds \(dataset)."
        }
    }
}
