/// Why a training, an evaluation or a run directory fails.
public enum TrainingError: Error, Sendable, Equatable, CustomStringConvertible {
    case invalidOption(name: String, wanted: String)
    case emptySplit(split: String, dataset: String)
    case notFinite(what: String, step: Int, keys: [String], checkpoint: String?)
    case notARun(path: String, reason: String)
    case damagedMetrics(path: String, run: String)
    case runExists(path: String)
    case datasetMismatch(run: String, dataset: String)
    case otherOptions(path: String, differences: [String])
    case invalidCheckpoint(path: String, reason: String)
    case noTokenizer(reason: String)

    /// What is wrong and, where something helps, what to do about it.
    public var description: String {
        switch self {
        case .invalidOption(let name, let wanted):
            "\(name) must be \(wanted)."
        case .emptySplit(let split, let dataset):
            "\(dataset) has no clips in the split `\(split)`. "
                + "Give rows that split in the manifest, "
                + "or build the dataset with another `--split`."
        case .notFinite(let what, let step, let keys, let checkpoint):
            "The \(what) is not finite at step \(step), "
                + "with the clips \(keys.joined(separator: ", ")). "
                + "Lower `--learning-rate`, or look at these clips with `vbprep inspect`. "
                + (checkpoint.map { "The last good checkpoint is \($0)." }
                    ?? "There is no checkpoint yet.")
        case .notARun(let path, let reason):
            "\(path) is not a finished run: \(reason). Train one with `vbtrain --shards DIR`."
        case .damagedMetrics(let path, let run):
            "\(path) is damaged, and the evaluations in it would be lost. Move it away and "
                + "evaluate each split again by `vbtrain evaluate \(run) --split SPLIT`."
        case .runExists(let path):
            "\(path) holds a run already. Go on with it by `--resume`, "
                + "name another directory with `--out`, or add `--overwrite`."
        case .datasetMismatch(let run, let dataset):
            "The run was trained on \(run), the dataset holds \(dataset)."
        case .otherOptions(let path, let differences):
            "The run in \(path) was begun differently (\(differences.joined(separator: ", "))), "
                + "so it cannot be resumed. Give the options it was begun with, "
                + "or start another with `--out`."
        case .invalidCheckpoint(let path, let reason):
            "The checkpoint \(path) cannot be used: "
                + "\(reason.hasSuffix(".") ? reason : reason + ".") "
                + "Remove it, and `--resume` takes the one before."
        case .noTokenizer(let reason):
            "The Q-Former reads prompts, but no tokenizer fits: \(reason). "
                + "Put its vocab.txt or tokenizer.json into the model's directory."
        }
    }
}
