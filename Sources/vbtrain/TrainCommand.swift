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

    @OptionGroup(title: "Training") var training: TrainingOptions
    @OptionGroup var run: RunOptions

    func run() async throws {
        let file = try ConfigurationFile(path: config)
        let options = try training.resolved(with: file)
        let qformer = try qformer ?? file.string("qformer")
        MathThreads.set(run.jobCount)
        let stop = StopSignal()
        let (dataset, encoder, model) = try features(stop: stop)

        let name = URL(fileURLWithPath: dataset.directory).lastPathComponent
        let path = out ?? "runs/\(name)"
        let train = try split("train", of: dataset)
        let validation = try split("validation", of: dataset)
        var classifier = try makeClassifier(
            qformer: qformer, model: model, dataset: dataset, seed: options.seed)
        if let initFrom {
            classifier.store.values = try RunDirectory(opening: initFrom).loadModel().store.values
        }
        let directory = try RunDirectory(
            creating: path,
            configuration: RunConfiguration(
                options: options, dataset: dataset.description, encoder: encoder,
                qformer: classifier.configuration, modelReference: model.reference),
            overwrite: overwrite)

        let reporter = TrainingReporter(run: directory, stop: stop)
        reporter.note(
            "\(train.count) clips to train on, \(validation.count) to validate, "
                + "\(classifier.store.values.count / 1000) thousand parameters, \(path)")
        var trainer = try Trainer(
            model: classifier, options: options, training: train, validation: validation,
            classes: dataset.description.classes)
        let best = try trainer.run(progress: reporter.report)
        try directory.save(trainer.model, imageProcessor: model.imageProcessor)
        let result = try evaluate(
            trainer.model, on: validation, classes: dataset.description.classes,
            batchSize: options.batchSize)
        try directory.record(
            result, split: "validation", videos: validation.videos())
        try Training.RunReport(run: directory).write()
        if let signal = stop.signal {
            reporter.note("Stopped. The best weights so far are in \(path)/model.")
            throw ExitCode(128 + signal)
        }
        try printResult(result, epoch: best?.epoch, path: path)
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
        let split = try ShardDataset(dataset: dataset, split: name)
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
            var classifier = VideoClassifier(
                configuration: own, numClasses: numClasses, seed: seed)
            try classifier.loadQFormer(from: model)
            return classifier
        }
        return VideoClassifier(
            configuration: try .preset(qformer ?? "preset:small", encoderHiddenSize: width),
            numClasses: numClasses, seed: seed)
    }

    private func printResult(_ result: EvaluationResult, epoch: Double?, path: String) throws {
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

/// Shows a training on stderr and writes its log.
struct TrainingReporter {
    private let run: RunDirectory
    private let stop: StopSignal

    init(run: RunDirectory, stop: StopSignal) {
        self.run = run
        self.stop = stop
    }

    func note(_ message: String) {
        writeToStandardError(message + "\n")
    }

    func report(_ progress: TrainingProgress) throws -> TrainingAction {
        switch progress {
        case .update:
            break
        case .log(let line):
            try run.appendLog(line)
            note(
                "step \(line.step)  epoch \(line.epoch.formatted(decimals: 2))  "
                    + "loss \(line.loss.formatted(decimals: 4))  "
                    + "\(line.clipsPerSecond.formatted(decimals: 1)) clips/s")
        case .evaluation(let line, let isBest):
            try run.appendLog(line)
            note(
                "epoch \(line.epoch.formatted(decimals: 0))  "
                    + "validation loss \(line.evalLoss.formatted(decimals: 4))  "
                    + "accuracy \((100 * line.evalAccuracy).formatted(decimals: 1)) %  "
                    + "F1 \((100 * line.evalF1Weighted).formatted(decimals: 1)) %"
                    + (isBest ? "  best so far" : ""))
        case .stoppedEarly(let evaluations):
            note("No improvement in \(evaluations) evaluations: stopped early.")
        }
        return stop.isRequested ? .stop : .proceed
    }
}
