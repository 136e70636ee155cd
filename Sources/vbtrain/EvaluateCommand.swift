import ArgumentParser
import Pipelines
import Shards
import Tensors
import Training

struct EvaluateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: "Metrics of a split with the run's best weights.")

    @Argument(help: "Run directory.")
    var run: String

    @Option(help: "Feature dataset (default: the one built last in cache/).")
    var shards: String?

    @Option(help: "train, validation or test.")
    var split = "test"

    @OptionGroup var options: RunOptions

    func run() async throws {
        MathThreads.set(options.jobCount)
        let directory = try RunDirectory(opening: run)
        let dataset =
            if let shards {
                try Dataset(directory: shards)
            } else {
                try DatasetLocation.latest(.features)
            }
        try requireSameMaking(dataset, directory.configuration)
        let clips = try ShardDataset(dataset: dataset, split: split)
        guard clips.count > 0 else {
            throw TrainingError.emptySplit(split: split, dataset: dataset.directory)
        }
        let evaluator = Evaluator(
            classes: directory.configuration.classes, reading: try directory.reading(),
            batchSize: directory.configuration.options.batchSize)
        let stop = StopSignal()
        let evaluation = try evaluator.evaluate(directory.loadModel(), on: clips) {
            stop.isRequested
        }
        guard let result = evaluation else { throw ExitCode(128 + (stop.signal ?? 0)) }
        try directory.record(result, split: split, videos: clips.videos)
        if options.json {
            print(
                String(
                    decoding: try canonicalJSON(SplitMetrics(result), pretty: false), as: UTF8.self),
                terminator: "")
            return
        }
        print(result.metrics.report)
        print(confusionTable(result.metrics.confusionMatrix, directory.configuration.classes))
        let accuracy = (100 * result.metrics.accuracy).formatted(decimals: 1)
        let chance = (100 / Double(directory.configuration.classes.count)).formatted(decimals: 1)
        let interval = result.statistics.accuracyInterval.map {
            (100 * $0).formatted(decimals: 1)
        }.joined(separator: "–")
        print(
            "\(split): accuracy \(accuracy) % of \(clips.count) clips, 95 % interval \(interval) % "
                + "(chance \(chance) %)")
    }

    private func requireSameMaking(
        _ dataset: Dataset, _ configuration: RunConfiguration
    ) throws {
        func describe(_ encoder: String?, _ hash: String?, _ classes: [String]) -> String {
            "features of \(encoder ?? "no encoder") (\(hash?.prefix(12) ?? "-")) for \(classes.count) classes"
        }
        let description = dataset.description
        guard description.encoder?.modelHash == configuration.encoder.modelHash,
            description.classes == configuration.classes
        else {
            throw TrainingError.datasetMismatch(
                run: describe(
                    configuration.encoder.model, configuration.encoder.modelHash,
                    configuration.classes),
                dataset: describe(
                    description.encoder?.model, description.encoder?.modelHash,
                    description.classes))
        }
    }

    /// Rows are true classes, columns predicted ones.
    private func confusionTable(_ matrix: [[Int]], _ classes: [String]) -> String {
        let width = max(4, classes.map(\.count).max() ?? 0) + 1
        func cell(_ text: String) -> String {
            String(repeating: " ", count: max(0, width - text.count)) + text
        }
        let header = cell("") + classes.map(cell).joined()
        let rows = zip(classes, matrix).map { name, counts in
            cell(name) + counts.map { cell($0 == 0 ? "·" : "\($0)") }.joined()
        }
        return (["confusion matrix (rows: true class)", header] + rows).joined(separator: "\n")
            + "\n"
    }
}

struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Writes the run's report.html anew.")

    @Argument(help: ArgumentHelp("Run directory.", valueName: "run"))
    var path: String

    func run() throws {
        print(try Training.RunReport(run: RunDirectory(opening: path)).write())
    }
}
