import ArgumentParser
import Foundation
import Models
import Pipelines
import Shards
import Tensors
import Training

struct TrainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Trains Q-Former and head on a dataset (the default subcommand).",
        discussion: """
            Given pixel shards, the features they lack are extracted first. Options may stand in a YAML file \
            (--config), by the same names without dashes in front; the command line wins.
            """)

    @Option(help: "Feature or pixel dataset (default: the features built last in cache/).")
    var shards: String?

    @Option(help: "Frozen encoder, and Q-Former if it has one; see vbprep extract-features --help.")
    var model: String?

    @Option(help: "Run directory (default: runs/<dataset name>).")
    var out: String?

    @Option(
        help: "New Q-Former: preset:small or preset:base (default: the model's own, else small).")
    var qformer: String?

    @Option(help: "Start from the weights of another run.")
    var initFrom: String?

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

    @Flag(help: "Leave damaged clips out, with a count, instead of stopping.")
    var skipCorrupt = false

    @OptionGroup(title: "Training") var training: TrainingOptions
    @OptionGroup var run: RunOptions

    func validate() throws {
        if overwrite && (resume || resumeFrom != nil) {
            throw ValidationError("--overwrite and --resume exclude each other.")
        }
    }

    func run() async throws {
        keepFreedMemory()
        let file = try ConfigurationFile(path: config)
        let options = try training.resolved(with: file)
        let qformer = try qformer ?? file.string("qformer")
        try options.precision.requireAvailable()
        MathThreads.set(run.jobCount)
        let stop = StopSignal()
        let (dataset, encoder, model) = try features(stop: stop)
        try options.validate(classes: dataset.description.classes)
        let path = out ?? "runs/\(URL(fileURLWithPath: dataset.directory).lastPathComponent)"
        let reporter = TrainingReporter(stop: stop)
        let clips = try splits(of: dataset, reporter)
        var classifier = try makeClassifier(
            qformer: qformer, model: model, dataset: dataset, seed: options.seed)
        if let initFrom {
            try RunDirectory(opening: initFrom).loadModel(into: &classifier)
        }
        let reading = try ClipReading(
            precision: options.precision, qformer: classifier.configuration,
            tokenizer: classifier.configuration.text == nil ? nil : model.tokenizer(),
            defaultPrompt: options.prompt)
        if !reading.readsText, clips.training.prompts.contains(where: { !$0.isEmpty }) {
            reporter.note(
                "The clips have prompts, but this Q-Former reads no text: they are ignored.")
        }
        let directory = try openRun(
            path,
            RunConfiguration(
                options: options, dataset: dataset.description, encoder: encoder,
                qformer: classifier.configuration, modelReference: model.reference,
                initFrom: initFrom))
        reporter.note(
            "\(clips.training.count) clips to train on, \(clips.validation.count) to validate, "
                + "\(classifier.store.values.count / 1000) thousand parameters, \(path)")
        var trainer = try Trainer(
            model: consume classifier, options: options, training: clips.training,
            validation: clips.validation, classes: dataset.description.classes, reading: reading,
            storage: RunStorage(
                run: directory, imageProcessor: model.imageProcessor,
                tokenizerFiles: reading.readsText ? model.tokenizerFiles : []))
        if let checkpoint = try checkpoint(of: directory) {
            reporter.note("Going on from \(checkpoint.path)")
            try trainer.resume(from: checkpoint)
        }
        let outcome = try trainer.run(progress: reporter.report)
        if outcome.isInterrupted, let signal = stop.signal {
            reporter.note("Stopped and saved. The same command with --resume goes on from here.")
            throw ExitCode(128 + signal)
        }
        let evaluator = Evaluator(
            classes: dataset.description.classes, reading: reading, batchSize: options.batchSize)
        guard let result = try evaluator.evaluate(trainer.model, on: clips.validation) else {
            return
        }
        try directory.record(result, split: "validation", videos: clips.validation.videos)
        try Training.RunReport(run: directory).write()
        try printResult(result, path: path)
    }

    /// A new run, or the one that is to be resumed.
    private func openRun(
        _ path: String, _ configuration: RunConfiguration
    ) throws -> RunDirectory {
        if resume || resumeFrom != nil,
            FileManager.default.fileExists(atPath: "\(path)/config.json")
        {
            let directory = try RunDirectory(opening: path)
            try directory.requireSame(configuration)
            return directory
        }
        return try RunDirectory(
            creating: path, configuration: configuration, overwrite: overwrite)
    }

    private func checkpoint(of directory: RunDirectory) throws -> Checkpoint? {
        if let resumeFrom { return try Checkpoint(path: resumeFrom) }
        guard resume else { return nil }
        guard let last = directory.checkpoints.last else {
            try directory.clearLog()
            return nil
        }
        return last
    }

    private func splits(
        of dataset: Dataset, _ reporter: TrainingReporter
    ) throws -> (training: ShardDataset, validation: ShardDataset) {
        let clips = (
            training: try split("train", of: dataset),
            validation: try split("validation", of: dataset)
        )
        let skipped = clips.training.skippedKeys + clips.validation.skippedKeys
        if !skipped.isEmpty {
            reporter.note(
                "\(skipped.count) damaged clips are left out: \(skipped.joined(separator: ", ")). "
                    + "Restore them with `vbprep repair \(dataset.directory)`.")
        }
        return clips
    }

    /// The feature dataset to train on; pixel shards get theirs made first.
    private func features(
        stop: StopSignal
    ) throws -> (Dataset, DatasetDescription.Encoder, ModelDirectory) {
        let given =
            if let shards {
                try Dataset(directory: shards)
            } else {
                try DatasetLocation.latest(.features)
            }
        let model = try ModelDirectory.resolve(
            model, recorded: given.description.encoder?.model, modelsDirectory: "models")
        if let encoder = given.description.encoder { return (given, encoder, model) }

        let directory = DatasetLocation.features(of: given.directory)
        let reporter = ProgressReporter(title: "features")
        reporter.note("\(given.directory) holds pixels; extracting features with \(model.name)")
        let extraction = try ExtractFeatures(
            dataset: given, model: model, options: .init(outputDirectory: directory))
        do {
            _ = try extraction.run(stop: stop, progress: reporter.report)
        } catch PipelineError.interrupted(let signal) {
            throw ExitCode(128 + signal)
        }
        let dataset = try Dataset(directory: directory)
        guard let encoder = dataset.description.encoder else {
            throw PipelineError.noDataset(directory: directory)
        }
        return (dataset, encoder, model)
    }

    private func split(_ name: String, of dataset: Dataset) throws -> ShardDataset {
        let split = try ShardDataset(
            dataset: dataset, split: name, skippingCorrupt: skipCorrupt)
        guard split.count > 0 else {
            throw TrainingError.emptySplit(split: name, dataset: dataset.directory)
        }
        return split
    }

    private func makeClassifier(
        qformer: String?, model: ModelDirectory, dataset: Dataset, seed: UInt64
    ) throws -> VideoClassifier {
        let width = dataset.description.array.shape.last ?? 0
        let numClasses = dataset.description.classes.count
        if qformer == nil, let own = model.qformer, own.encoderHiddenSize == width {
            return try VideoClassifier(
                qformerOf: model, own, numClasses: numClasses, seed: seed)
        }
        return VideoClassifier(
            configuration: try .preset(qformer ?? "preset:small", encoderHiddenSize: width),
            numClasses: numClasses, seed: seed)
    }

    private func printResult(_ result: EvaluationResult, path: String) throws {
        if run.json {
            print(
                String(
                    decoding: try canonicalJSON(SplitMetrics(result), pretty: false), as: UTF8.self),
                terminator: "")
            return
        }
        let accuracy = (100 * result.metrics.accuracy).formatted(decimals: 1)
        let f1 = (100 * result.metrics.f1Weighted).formatted(decimals: 1)
        print("validation accuracy \(accuracy) %, weighted F1 \(f1) % · best of the run · \(path)")
    }
}

/// Shows a training on stderr.
struct TrainingReporter {
    private let stop: StopSignal

    init(stop: StopSignal) {
        self.stop = stop
    }

    func note(_ message: String) {
        writeToStandardError(message + "\n")
    }

    func report(_ progress: TrainingProgress) -> TrainingAction {
        switch progress {
        case .pass, .update:
            break
        case .log(let line):
            note(
                "step \(line.step)  epoch \(line.epoch.formatted(decimals: 2))  "
                    + "loss \(line.loss.formatted(decimals: 4))  "
                    + "\(line.clipsPerSecond.formatted(decimals: 1)) clips/s")
        case .evaluation(let line, let isBest):
            note(
                "epoch \(line.epoch.formatted(decimals: 2))  "
                    + "validation loss \(line.evalLoss.formatted(decimals: 4))  "
                    + "accuracy \((100 * line.evalAccuracy).formatted(decimals: 1)) %  "
                    + "F1 \((100 * line.evalF1Weighted).formatted(decimals: 1)) %"
                    + (isBest ? "  best so far" : ""))
        case .checkpoint(let path):
            note("saved \(path)")
        case .stoppedEarly(let evaluations):
            note("No improvement in \(evaluations) evaluations: stopped early.")
        }
        return stop.isRequested ? .stop : .proceed
    }
}
