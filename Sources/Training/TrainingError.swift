/// Why a training, an evaluation or a run directory fails.
public enum TrainingError: Error, Sendable, Equatable, CustomStringConvertible {
    case invalidOption(name: String, wanted: String)
    case emptySplit(split: String, dataset: String)
    case notFinite(what: String, step: Int, keys: [String], checkpoint: String?)
    /// The model's outputs for a clip are not finite.
    case noAnswer(key: String)
    case notARun(path: String, reason: String)
    case damagedMetrics(path: String, run: String)
    case runExists(path: String)
    /// There are checkpoints, but not the options that they were trained with.
    case lostConfiguration(path: String)
    /// The dataset was made in another way than the run's, or asks other things.
    case datasetMismatch(run: String, dataset: String, differences: [String])
    case noDataset(path: String, run: String)
    case unknownTask(name: String, known: [String])
    case otherOptions(path: String, differences: [String])
    /// `others` are the checkpoints that there are beside it, oldest first.
    case invalidCheckpoint(path: String, reason: String, others: [String])
    /// `--resume-from` does not name a checkpoint of the run; `others` are those that it has.
    case noCheckpoint(path: String, reason: String, others: [String])
    case noTokenizer(reason: String)
    /// A file of wordings cannot be used.
    case invalidPrompts(path: String, reason: String)
    /// A file of predictions that cannot be continued.
    case otherPredictions(path: String, reason: String)
    /// Questions have prompts, and the Q-Former, the model's own or a new one, reads no text.
    case unreadPrompts(isPretrained: Bool)

    /// Whether the input is to blame, so that the same command fails again.
    public var isBadInput: Bool {
        switch self {
        case .emptySplit, .notARun, .damagedMetrics, .datasetMismatch, .noDataset, .unknownTask,
            .invalidCheckpoint, .noCheckpoint, .noTokenizer, .invalidOption, .runExists,
            .lostConfiguration, .otherOptions, .invalidPrompts, .otherPredictions, .unreadPrompts:
            true
        case .notFinite, .noAnswer: false
        }
    }

    /// What is wrong and, where something helps, what to do about it.
    public var description: String {
        switch self {
        case .invalidOption(let name, let wanted):
            "\(name) must be \(wanted)."
        case .emptySplit(let split, let dataset):
            "\(dataset) has no questions in the split `\(split)`. "
                + "Give rows that split in the manifest, "
                + "or build the dataset with another `--split`."
        case .notFinite(let what, let step, let keys, let checkpoint):
            "The \(what) is not finite at step \(step), "
                + "with the clips \(keys.joined(separator: ", ")). "
                + "Lower `--learning-rate`, or look at these clips with `vbprep inspect`. "
                + (checkpoint.map { "The last good checkpoint is \($0)." }
                    ?? "There is no checkpoint yet.")
        case .noAnswer(let key):
            "The model's outputs for the clip \(key) are not finite: the training has diverged. "
                + "Lower `--learning-rate`, or go on from an earlier checkpoint with `--resume-from`."
        case .notARun(let path, let reason):
            "\(path) is not a finished run: \(reason). Train one with `vbtrain --shards DIR`."
        case .damagedMetrics(let path, let run):
            "\(path) is damaged, and the evaluations in it would be lost. Move it away and "
                + "evaluate each split again by `vbtrain evaluate \(run) --split SPLIT`."
        case .runExists(let path):
            "\(path) already holds a run. Continue it with `--resume`, "
                + "name another directory with `--out`, or add `--overwrite`."
        case .lostConfiguration(let path):
            "\(path) has checkpoints, but no config.json that says how they were trained. "
                + "Put it back, or begin anew with `--overwrite`."
        case .datasetMismatch(let run, let dataset, let differences):
            "\(dataset) does not fit the run \(run): \(differences.joined(separator: "; ")). "
                + "Name a dataset that was made like the run's with `--shards`."
        case .noDataset(let path, let run):
            "The dataset \(path) that the run \(run) was trained on is not there. "
                + "Say where it is now with `--shards`."
        case .unknownTask(let name, let known):
            "There is no task `\(name)` in the run; the tasks are \(known.joined(separator: ", "))."
        case .otherOptions(let path, let differences):
            "The run in \(path) was begun differently (\(differences.joined(separator: ", "))), "
                + "so it cannot be resumed. Give the options it was begun with, "
                + "or start another with `--out`."
        case .invalidCheckpoint(let path, let reason, let others):
            "The checkpoint \(path) cannot be used: "
                + "\(reason.hasSuffix(".") ? reason : reason + ".") "
                + (others.last.map { "Or go on from another by `--resume-from \($0)`." }
                    ?? "There is no other; begin anew with `--overwrite`.")
        case .noCheckpoint(let path, let reason, let others):
            "\(path) is not a checkpoint to continue from: \(reason). "
                + (others.isEmpty
                    ? "The run has none; `--resume` begins it anew."
                    : "The run has \(others.joined(separator: ", ")).")
        case .noTokenizer(let reason):
            "The Q-Former reads prompts, but no tokenizer fits: \(reason). "
                + "Put its vocab.txt or tokenizer.json into the model's directory."
        case .invalidPrompts(let path, let reason):
            "\(path) does not hold wordings of prompts: \(reason). "
                + "Write `TASK: [WORDING, …]`, or under a task the list `train` and further ones "
                + "that are only evaluated."
        case .otherPredictions(let path, let reason):
            "\(path) cannot be continued because \(reason). Name another file with `--out`, or add "
                + "`--overwrite`."
        case .unreadPrompts(let isPretrained):
            "The questions have prompts, but "
                + (isPretrained
                    ? "the model's own Q-Former has no text branch, like those of all "
                        + "stage-2 BLIP-2 checkpoints. "
                    : "this Q-Former reads no text. ")
                + "Train a new one that reads them with `--qformer preset:small-text` or "
                + "`preset:base-text`, name a model whose Q-Former does with `--model` "
                + "(InstructBLIP, blip2-itm-vit-g), or add `--ignore-prompts`."
        }
    }
}
