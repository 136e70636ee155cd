import ArgumentParser
import Files
import Foundation
import Models
import Pipelines
import Recipes
import Shards
import Tensors
import Training

struct SweepCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sweep",
        abstract: "Trains with all combinations of several values.",
        discussion: """
            Takes the options of vbtrain train; these may have several values, separated by commas: \
            \(SweepArguments.listed.map { "--\($0)" }.joined(separator: ", ")). For example: \
            vbtrain sweep --shards DIR --learning-rate 1e-4,3e-4 --seed 1,2,3

            Each combination ends as a run directory in --out (default: runs/<dataset name>-sweep), with \
            the same weights as a run of its own; what depends on the dataset alone, such as baselines, is \
            found once. A table with the best run is printed at the end and written to \
            sweep.csv and sweep.json. The same command goes on after an interruption and keeps what is \
            finished; --overwrite begins anew.
            """)

    @Argument(
        parsing: .captureForPassthrough,
        help: ArgumentHelp("Options of vbtrain train.", valueName: "options"))
    var options: [String] = []

    func validate() throws {
        guard !options.contains(where: { $0 == "--help" || $0 == "-h" }) else {
            throw CleanExit.helpRequest(Self.self)
        }
        for combination in try SweepArguments(options).combinations {
            _ = try command(combination.arguments)
        }
    }

    func run() async throws {
        let arguments = try SweepArguments(options)
        var commands = try arguments.combinations.map { try command($0.arguments) }
        let settings = try commands.map { try $0.settings() }
        let first = commands[0]
        for index in commands.indices { commands[index].resume = !first.overwrite }
        keepFreedMemory()
        MathThreads.set(first.run.jobCount)
        let stop = StopSignal()
        let reporter = TrainingReporter(stop: stop)
        let dataset = try TrainingInput.open(first.shards)
        let hasPrompts = try zip(commands, settings).map { try $0.check(dataset, $1) }[0]
        let input = try TrainingInput(
            dataset, model: first.model, skipCorrupt: first.skipCorrupt,
            needsValidation: settings.contains { $0.options.evalStrategy != .no }, stop: stop,
            note: reporter.note)
        let name = URL(fileURLWithPath: input.dataset.directory).lastPathComponent
        let out = first.out ?? "runs/\(name)-sweep"
        let plans = try commands.indices.map { index in
            try commands[index].plan(
                settings[index], input, hasPrompts: hasPrompts,
                path: "\(out)/\(arguments.combinations[index].name)")
        }
        try makeDirectory(at: out)
        let lock = try DirectoryLock(directory: out, isShared: false)
        defer { withExtendedLifetime(lock) {} }
        let results = SweepResults(
            in: out, arguments, settings[0].options, isNew: first.overwrite)
        var sweep = Sweep(
            names: arguments.combinations.map(\.name), commands: commands, plans: plans,
            results: results, stop: stop)
        do {
            try sweep.run(reporter)
        } catch is ExitCode where stop.isRequested {
            // What is finished is shown below.
        }
        if first.run.json {
            print(
                String(decoding: try canonicalJSON(results.summary, pretty: false), as: UTF8.self),
                terminator: "")
        } else {
            print(results.table)
        }
        if let signal = stop.signal {
            reporter.note("Stopped and saved. The same command goes on from here.")
            throw ExitCode(128 + signal)
        }
    }

    /// `train` with `arguments`, without what makes no sense for several runs.
    private func command(_ arguments: [String]) throws -> TrainCommand {
        let command: TrainCommand
        do {
            command = try TrainCommand.parse(arguments)
        } catch {
            guard TrainCommand.exitCode(for: error) == .validationFailure else { throw error }
            // Its own error would come with the usage of `train`.
            throw ValidationError(TrainCommand.message(for: error))
        }
        if command.resume || command.resumeFrom != nil {
            throw ValidationError(
                "A sweep goes on by itself; leave --resume and --resume-from out.")
        }
        return command
    }
}

/// Trainings of all combinations, one after the other.
struct Sweep {
    let names: [String]
    let commands: [TrainCommand]
    var plans: [TrainingPlan]
    let results: SweepResults
    let stop: StopSignal

    /// Trains what is not finished.
    /// - Parameter reporter: Says what happens.
    /// - Throws: What preparing and training throw; one that diverges ends itself alone.
    mutating func run(_ reporter: TrainingReporter) throws {
        let waiting = try plans.indices.filter { try !isFinished($0) }
        if waiting.count < plans.count {
            reporter.note("\(plans.count - waiting.count) of \(plans.count) runs are finished.")
        }
        guard let first = waiting.first else { return }
        let known = try knownFits(commands[first], plans[first].input, reporter)
        for index in plans.indices { plans[index].known = known }
        for index in waiting where !stop.isRequested {
            reporter.note("Training \(index + 1) of \(plans.count): \(names[index])")
            do {
                let training = try commands[index].train(
                    plans[index], TrainingReporter(stop: stop, name: names[index]), stop)
                try results.record(index) { $0.take(training, plans[index].options) }
            } catch let error as TrainingError where !error.isBadInput {
                // A rate that is too high is a result, too.
                writeToStandardError("\(names[index]): \(error)\n")
                try results.record(index) { $0.error = "\(error)" }
            }
        }
    }

    /// Whether training number `index` came to its end in an earlier sweep.
    /// - Throws: `TrainingError.otherOptions` if its directory holds another run.
    private func isFinished(_ index: Int) throws -> Bool {
        let path = plans[index].path
        guard fileExists("\(path)/config.json"), !commands[index].overwrite else { return false }
        try RunDirectory(opening: path).requireSame(plans[index].configuration)
        return results.isFinished(index)
    }

    private var stopped: ExitCode { ExitCode(128 + (stop.signal ?? 0)) }

    /// What all trainings would find out by themselves.
    private func knownFits(
        _ command: TrainCommand, _ input: TrainingInput, _ reporter: TrainingReporter
    ) throws -> KnownFits {
        var known = KnownFits()
        if command.initFrom == nil,
            plans.contains(where: { $0.choice.configuration.standardization != nil })
        {
            known.statistics = try command.channels(of: input, stop, reporter.note)
            guard known.statistics != nil else { throw stopped }
        }
        if !command.noBaselines {
            let baselines = try command.fitBaselines(input, stop, reporter.note)
            known.baselines = baselines
            if input.validation.count > 0 {
                known.answers = try baselines.answers(to: input.validation) { stop.isRequested }
                guard known.answers != nil else { throw stopped }
            }
        }
        return known
    }
}

extension SweepResults.Row {
    /// Takes over what `training` reached.
    fileprivate mutating func take(_ training: FinishedTraining, _ options: TrainOptions) {
        isFinished = true
        error = nil
        bestStep = training.best?.step
        guard let result = training.result else { return }
        score = options.metricForBest.value(in: result)
        (accuracy, loss) = (result.accuracy, result.loss)
        (f1Weighted, f1Macro) = (result.f1Weighted, result.f1Macro)
        tasks = Dictionary(
            result.tasks.map { ($0.task.task, $0.metrics.accuracy) },
            uniquingKeysWith: { first, _ in first })
    }
}
