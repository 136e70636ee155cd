import ArgumentParser
import CommandSupport
import Files
import Foundation
import Pipelines
import Reports
import Tensors
import Training

@main
struct VBTrain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vbtrain",
        abstract:
            "Trains a Q-Former video classifier on shards, evaluates it, and classifies videos.",
        discussion: """
            vbtrain --shards DIR trains; a run directory holds weights, log, metrics and report.html.

            Exit codes: 0 done, 1 failed, 64 wrong usage, 65 bad input, 75 the machine's fault (give \
            the same command again), 130 or 143 stopped by a signal.
            """,
        version: "0.1.0",
        subcommands: [
            TrainCommand.self, EvaluateCommand.self, PredictCommand.self, ReportCommand.self,
            CompareCommand.self, SweepCommand.self, DecodeWorkerCommand.self,
        ],
        defaultSubcommand: TrainCommand.self)

    static func main() async {
        await runAsMain { error in
            if case TrainingError.invalidOption = error { return wrongUsage }
            let isBadInput =
                error is ReportError || (error as? TrainingError)?.isBadInput == true
            return isBadInput ? badInput : Pipelines.exitCode(for: error)
        }
    }

    /// Source: sysexits.h, `EX_USAGE` and `EX_DATAERR`.
    private static let (wrongUsage, badInput): (Int32, Int32) = (64, 65)
}

/// Options that every command has.
struct RunOptions: ParsableArguments {
    @Option(help: "Threads of the matrix products (default: the number of processors).")
    var jobs: Int?

    @OptionGroup var math: MathOptions

    @Flag(help: "Print the result as one JSON object on stdout.")
    var json = false

    var jobCount: Int { jobs ?? ProcessInfo.processInfo.activeProcessorCount }

    func validate() throws {
        if let jobs, !(1...4096).contains(jobs) {
            throw ValidationError("--jobs must be from 1 to 4096.")
        }
        try requireOpenBLAS()
    }
}

/// Says on stderr that `model` is a preset, whose weights are random.
func warnOfRandomWeights(_ model: String) {
    guard model.hasPrefix("preset:") else { return }
    writeToStandardError(
        "WARNING: the encoder \(model) has random weights; its answers are for tests only.\n")
}
