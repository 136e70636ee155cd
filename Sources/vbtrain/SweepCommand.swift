import ArgumentParser
import Dispatch
import Files
import Foundation
import Models
import Pipelines
import Recipes
import Synchronization
import Tensors
import Training

struct SweepCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sweep",
        abstract: "Trains with all combinations of several values, side by side.",
        discussion: """
            Takes the options of vbtrain train; these may have several values, separated by commas: \
            \(SweepArguments.listed.map { "--\($0)" }.joined(separator: ", ")). For example: \
            vbtrain sweep --shards DIR --learning-rate 1e-4,3e-4 --seed 1,2,3

            Each combination ends as a run directory in --out (default: runs/<dataset name>-sweep), with \
            the same weights as a run of its own. Batches are read and packed once for all trainings with \
            the same seed and batch size. A table with the best run is printed at the end and written to \
            sweep.csv and sweep.json. The same command goes on after an interruption and keeps what is \
            finished; --overwrite begins anew.
            """)

    @Argument(
        parsing: .captureForPassthrough,
        help: ArgumentHelp("Options of vbtrain train.", valueName: "options"))
    var options: [String] = []

    func run() async throws {
        guard !options.contains(where: { $0 == "--help" || $0 == "-h" }) else {
            throw CleanExit.helpRequest(Self.self)
        }
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
        try sweep.run(reporter, jobs: first.run.jobCount)
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
        if let failure = sweep.failure { throw failure }
    }

    /// `train` with `arguments`, without what makes no sense for several runs.
    private func command(_ arguments: [String]) throws -> TrainCommand {
        let command = try TrainCommand.parse(arguments)
        if command.resume || command.resumeFrom != nil {
            throw ValidationError(
                "A sweep goes on by itself; leave --resume and --resume-from out.")
        }
        return command
    }
}

/// Trainings that go on side by side.
struct Sweep {
    let names: [String]
    let commands: [TrainCommand]
    var plans: [TrainingPlan]
    let results: SweepResults
    let stop: StopSignal
    /// Why the sweep did not come to its end, other than by a training that diverged.
    private(set) var failure: (any Error)?

    /// Trains what is not finished.
    /// - Parameters:
    ///   - reporter: Says what happens.
    ///   - jobs: Trainings that compute at once.
    /// - Throws: what preparing throws; later faults end their own training.
    mutating func run(_ reporter: TrainingReporter, jobs: Int) throws {
        let waiting = try plans.indices.filter { try !isFinished($0) }
        if waiting.count < plans.count {
            reporter.note("\(plans.count - waiting.count) of \(plans.count) runs are finished.")
        }
        guard let first = waiting.first else { return }
        let known = try knownFits(commands[first], plans[first].input, reporter)
        for index in plans.indices { plans[index].known = known }
        let atOnce = plans[first].trainingsInMemory
        for start in stride(from: 0, to: waiting.count, by: atOnce) where !stop.isRequested {
            let wave = Array(waiting[start..<min(start + atOnce, waiting.count)])
            reporter.note(
                "Training \(wave.count) of \(plans.count) models on "
                    + "\(plans[first].input.training.count) questions, \(jobs) at a time")
            try train(wave, jobs: jobs)
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

    /// Trains each of `wave` on a thread of its own.
    private mutating func train(_ wave: [Int], jobs: Int) throws {
        let orders = Set(wave.map { plans[$0].order })
        let schedule = SweepSchedule(members: wave.count, processors: jobs, orders: orders.count)
        let trainings = wave.map { index in
            plans[index].member = SweepMember(schedule, step: 0)
            return SweepTraining(index, commands[index], plans[index], results, stop, names[index])
        }
        for training in trainings { training.start() }
        for training in trainings { training.wait() }
        let failures = trainings.compactMap(\.failure)
        failure = failure ?? failures.first { !($0 is ExitCode) }
    }
}

/// One training of a sweep on its own thread.
///
/// Guard: its parts are used by that thread alone until `wait` returns.
private final class SweepTraining: @unchecked Sendable {
    private let number: Int
    private let command: TrainCommand
    private let plan: TrainingPlan
    private let results: SweepResults
    private let stop: StopSignal
    private let name: String
    private let done = DispatchGroup()
    /// Why it came to no end.
    private(set) var failure: (any Error)?

    init(
        _ number: Int, _ command: TrainCommand, _ plan: TrainingPlan, _ results: SweepResults,
        _ stop: StopSignal, _ name: String
    ) {
        self.number = number
        self.command = command
        self.plan = plan
        self.results = results
        self.stop = stop
        self.name = name
    }

    func start() {
        done.enter()
        let thread = Thread {
            self.train()
            self.plan.member?.finish()
            self.done.leave()
        }
        thread.stackSize = 8 << 20
        thread.start()
    }

    func wait() { done.wait() }

    private func train() {
        do {
            let reporter = TrainingReporter(stop: stop, name: name)
            let training = try command.train(plan, reporter, stop)
            try results.record(number) { $0.take(training, plan.options) }
        } catch let error as TrainingError where !error.isBadInput {
            // A rate that is too high is a result, too.
            writeToStandardError("\(name): \(error)\n")
            do { try results.record(number) { $0.error = "\(error)" } } catch { failure = error }
        } catch {
            failure = error
        }
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

extension TrainingPlan {
    /// What decides in which batches the clips are visited.
    fileprivate var order: [Int] {
        [Int(truncatingIfNeeded: options.seed), options.batchSize, options.gradientAccumulation]
            + [choice.configuration.numQueryTokens, choice.configuration.layout == .joint ? 1 : 0]
    }

    /// How many trainings of this size fit into half of the memory, at least one.
    fileprivate var trainingsInMemory: Int {
        let shape = choice.configuration
        let width = shape.hiddenSize
        let perLayer = 8 * width * width + 4 * width * shape.intermediateSize
        let embeddings = (shape.text.map { $0.vocabularySize + $0.maxPositions } ?? 0) * width
        let parameters =
            shape.numHiddenLayers * (perLayer + 2 * width * shape.encoderHiddenSize)
            + embeddings + width * configuration.outputs.count
        // Weights, gradients, two moments and the best weights; a batch that was read ahead.
        let batch = options.batchSize * input.training.tokensPerClip * input.training.hiddenSize
        let bytes = 20 * parameters + 8 * batch
        return max(1, Int(ProcessInfo.processInfo.physicalMemory / 2) / max(1, bytes))
    }
}
