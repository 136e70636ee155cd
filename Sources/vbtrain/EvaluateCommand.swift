import ArgumentParser
import CommandSupport
import Files
import Pipelines
import Recipes
import Reports
import Shards
import Tensors
import Training

struct EvaluateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: "Evaluates a run's best weights on a split.")

    @Argument(help: "Run directory.")
    var run: String

    @Option(help: "Feature dataset, made like the run's (default: the run's own).")
    var shards: String?

    @Option(help: "train, validation or test.", transform: split)
    var split = Split.test

    @Option(
        help: """
            Of a run with --prompts. first: ask the first wording to train on; all: ask each of them and average \
            the probabilities (default: as in the training).
            """)
    var evalPrompts: PromptWordings.Evaluated?

    @Flag(help: "Leave out the probes; see vbtrain train --help.")
    var noProbes = false

    @OptionGroup var options: RunOptions

    func validate() throws {
        try requireNotEmpty(["RUN": run, "--shards": shards])
    }

    func run() async throws {
        MathThreads.set(options.jobCount)
        keepFreedMemory()
        let directory = try RunDirectory(opening: run)
        warnOfRandomWeights(directory.configuration.model)
        let dataset = try dataset(of: directory.configuration)
        try directory.configuration.requireFit(of: dataset, run: run)
        let questions = try ShardDataset(dataset: dataset, split: split)
        guard questions.count > 0 else {
            throw TrainingError.emptySplit(split: split.rawValue, dataset: dataset.directory)
        }
        let configuration = directory.configuration
        let (reading, wordings) = (try directory.reading(), try wordings(of: configuration))
        if let remark = reading.remark(onLong: questions.prompts + (wordings?.prompts ?? [])) {
            writeToStandardError(remark + "\n")
        }
        let evaluator = Evaluator(
            outputs: configuration.outputs, reading: reading,
            batchSize: configuration.options.batchSize, wordings: wordings)
        let stop = StopSignal()
        let model = try directory.loadModel()
        let evaluation = try evaluator.evaluate(model, on: questions) { stop.isRequested }
        guard var result = evaluation,
            try evaluator.probe(
                model, on: questions, numFrames: configuration.clipRecipe.numFrames,
                seed: configuration.options.seed, changes: !noProbes, result: &result,
                shouldStop: { stop.isRequested })
        else { throw ExitCode(128 + (stop.signal ?? 0)) }
        if let baselines = try directory.baselines() {
            let answers = try baselines.answers(to: questions) { stop.isRequested }
            guard let answers else { throw ExitCode(128 + (stop.signal ?? 0)) }
            result.compare(with: answers)
        }
        try directory.record(result, split: split, dataset: EvaluatedDataset(dataset))
        let output = EvaluationOutput(result: result, split: split, dataset: dataset)
        if options.json {
            try output.printJSON()
        } else {
            output.printTables()
            output.printFigures()
        }
        output.printRemarks()
    }

    /// The wordings that the run was trained with, to be asked as the user says.
    private func wordings(of configuration: RunConfiguration) throws -> PromptWordings? {
        var wordings = configuration.options.wordings
        guard let evalPrompts else { return wordings }
        guard wordings != nil else {
            throw PipelineError.unsupported(
                option: "--eval-prompts", reason: "the run was trained without --prompts")
        }
        wordings?.evaluated = evalPrompts
        return wordings
    }

    /// The dataset that the user names, else the run's own; says which on stderr.
    private func dataset(of configuration: RunConfiguration) throws -> Dataset {
        let path = shards ?? configuration.datasetPath
        guard shards != nil || fileExists(path) else {
            throw TrainingError.noDataset(path: path, run: run)
        }
        let dataset = try Dataset(directory: path)
        let hasChanged = dataset.description.contentHash != configuration.datasetHash
        writeToStandardError(
            "Evaluating on \(absolutePath(path))"
                + (shards == nil ? ", the run's own dataset" : "")
                + "\n")
        if hasChanged {
            writeToStandardError(
                "WARNING: this dataset is not the one that the run was trained on: clips may have "
                    + "moved from one split to another since, so the model may know some of them.\n"
            )
        }
        if let reason = staleness(of: dataset) { writeToStandardError("WARNING: \(reason)\n") }
        return dataset
    }

    private static func split(_ text: String) throws -> Split {
        guard let split = Split(text: text) else {
            throw ValidationError("--split must be train, validation or test.")
        }
        return split
    }
}

struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Writes the run's report.html anew.")

    @Argument(help: ArgumentHelp("Run directory.", valueName: "run"))
    var path: String

    func validate() throws { try requireNotEmpty(["RUN": path]) }

    func run() throws {
        print(try Reports.RunReport(run: RunDirectory(opening: path)).write())
    }
}
