import ArgumentParser
import CommandSupport
import Files
import Foundation
import Models
import Pipelines
import Recipes
import Shards
import Tensors
import Training

struct TrainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Trains Q-Former and head on a dataset (the default subcommand).",
        discussion: """
            Given pixel shards, the features they lack are extracted first; features whose pixels have \
            changed are brought up to date. Training on features needs no encoder. Options may stand in \
            a YAML file (--config), by the same names without dashes in front; the command line wins.
            """)

    @Option(help: "Feature or pixel dataset (default: the features built last in cache/).")
    var shards: String?

    @Option(
        help: """
            Frozen encoder, and Q-Former if it has one; see vbprep extract-features --help \
            (default: where it was when the features were made).
            """)
    var model: String?

    @Option(help: "Run directory (default: runs/<dataset name>).")
    var out: String?

    @Option(help: "Start from the weights of another run.")
    var initFrom: String?

    @Option(
        help: """
            Where progress is reported besides log.jsonl and metrics.csv: tensorboard, wandb \
            (an offline run that wandb sync uploads), both separated by a comma, or none \
            (default: tensorboard,wandb).
            """)
    var reportTo: String?

    @Option(help: "YAML file with options.")
    var config: String?

    @Flag(help: "Replace the run in the directory.")
    var overwrite = false

    @Flag(help: "Go on from the run's last checkpoint, bit for bit; start if there is none.")
    var resume = false

    @Option(
        help: ArgumentHelp(
            "Go on from this checkpoint of the run.", valueName: "run/checkpoint-STEP"))
    var resumeFrom: String?

    @Flag(help: "Leave questions about damaged clips out, with a count, instead of stopping.")
    var skipCorrupt = false

    @Flag(
        help: """
            Leave out the probes after the evaluation, in which at most 500 questions of each task are asked \
            again with frames reversed, shuffled or replaced by the middle one, without prompt, and with that \
            of another task.
            """)
    var noProbes = false

    @Flag(
        help:
            "Leave out the simpler models by which the run is judged: majority, linear, attentive.")
    var noBaselines = false

    @OptionGroup(title: "Q-Former") var qformer: QFormerArguments
    @OptionGroup(title: "Prompts") var prompts: PromptArguments
    @OptionGroup(title: "Training") var training: TrainingArguments
    @OptionGroup var run: RunOptions

    func validate() throws {
        if overwrite && (resume || resumeFrom != nil) {
            throw ValidationError("--overwrite and --resume exclude each other.")
        }
        try requireNotEmpty(["--shards": shards, "--out": out, "--model": model])
        try requireNotEmpty(["--prompts": prompts.prompts])
    }

    func run() async throws {
        keepFreedMemory()
        let settings = try settings()
        MathThreads.set(run.jobCount)
        let stop = StopSignal()
        let reporter = TrainingReporter(stop: stop)
        let dataset = try TrainingInput.open(shards)
        let hasPrompts = try check(dataset, settings)
        let input = try TrainingInput(
            dataset, model: model, skipCorrupt: skipCorrupt,
            needsValidation: settings.options.evalStrategy != .no, stop: stop, note: reporter.note)
        let name = URL(fileURLWithPath: input.dataset.directory).lastPathComponent
        let plan = try plan(
            settings, input, hasPrompts: hasPrompts, path: out ?? "runs/\(name)")
        try show(train(plan, reporter, stop), input)
    }

    /// What the training is told.
    func settings() throws -> TrainingSettings {
        let file = try OptionsFile(path: config)
        let (qformer, bert) = try self.qformer.resolved(with: file)
        let wordings = try prompts.resolved(with: file)
        let skipsProbes = try noProbes || file.value("no-probes") { Bool($0) } == true
        var options = try training.resolved(with: file)
        options.wordings = wordings
        options.textInit = bert?.directory
        options.textInitLayers = bert?.layers
        let reporters = try Reporter.named(reportTo ?? file.string("report-to"))
        try options.precision.requireAvailable()
        return TrainingSettings(
            options: options, qformer: qformer, bert: bert, reporters: reporters,
            skipsProbes: skipsProbes)
    }

    /// Refuses what will not fit before anything costly.
    /// - Returns: whether any question has a prompt.
    func check(_ dataset: Dataset, _ settings: TrainingSettings) throws -> Bool {
        try TrainingInput.check(
            dataset, model: model, settings.qformer, bert: settings.bert?.weights,
            wordings: settings.options.wordings)
    }

    /// Decides what is trained on `input`, in the run directory `path`.
    func plan(
        _ settings: TrainingSettings, _ input: TrainingInput, hasPrompts: Bool, path: String
    ) throws -> TrainingPlan {
        try settings.options.validate(outputs: input.outputs)
        let choice = try QFormerChoice(
            settings.qformer, own: input.model?.qformer, encoderWidth: input.training.hiddenSize,
            numFrames: input.dataset.description.clipRecipe.numFrames, hasPrompts: hasPrompts,
            bert: settings.bert?.weights)
        let configuration = try RunConfiguration(
            options: settings.options, dataset: input.dataset, training: input.training,
            modelPath: input.model?.reference ?? input.recorded.path,
            qformer: choice.configuration, initFrom: initFrom)
        return TrainingPlan(
            settings: settings, input: input, choice: choice, configuration: configuration,
            path: path)
    }

    /// Prints what came out.
    private func show(_ training: FinishedTraining, _ input: TrainingInput) throws {
        let path = training.directory.path
        guard let result = training.result else {
            return print(run.json ? "{}" : "trained without validation split · \(path)")
        }
        let output = EvaluationOutput(result: result, split: .validation, dataset: input.dataset)
        if run.json {
            try output.printJSON()
        } else {
            output.printFigures()
            print("best of the run: \(path)")
        }
        output.printRemarks()
    }
}

extension Reporter {
    /// Those that `--report-to` names; all where it names none.
    fileprivate static func named(_ list: String?) throws -> Set<Reporter> {
        guard let list else { return Set(allCases) }
        if list == "none" { return [] }
        return Set(
            try list.split(separator: ",", omittingEmptySubsequences: false).map { part in
                let name = part.trimmingCharacters(in: .whitespaces)
                guard let reporter = Reporter(rawValue: name) else {
                    throw ValidationError(
                        "--report-to cannot be `\(list)`; name tensorboard, wandb, both with a "
                            + "comma, or none.")
                }
                return reporter
            })
    }
}
