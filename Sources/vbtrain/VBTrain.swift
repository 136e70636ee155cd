public import ArgumentParser
import CommandSupport
import Files
import Foundation
import Pipelines
import Reports
public import Tensors
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
            let isBadInput =
                error is ReportError || (error as? TrainingError)?.isBadInput == true
            return isBadInput ? badInput : Pipelines.exitCode(for: error)
        }
    }

    /// Source: sysexits.h, `EX_DATAERR`.
    private static let badInput: Int32 = 65
}

/// Options that every command has.
struct RunOptions: ParsableArguments {
    @Option(help: "Threads of the matrix products (default: the number of processors).")
    var jobs: Int?

    @Option(
        help: """
            Largest instruction set of the matrix products, the same on all machines of a mixed cluster: \
            avx2, avx512, avx512-vnni, avx512-bf16 or amx (default: all that this processor has).
            """)
    var isa: InstructionSet?

    @Flag(help: "Print the result as one JSON object on stdout.")
    var json = false

    var jobCount: Int { jobs ?? ProcessInfo.processInfo.activeProcessorCount }

    func validate() throws {
        if let jobs, !(1...4096).contains(jobs) {
            throw ValidationError("--jobs must be from 1 to 4096.")
        }
        if let missing = missingProcessorFeatures() {
            throw ValidationError(
                "This processor lacks \(missing), which the program was compiled for; "
                    + "it needs an x86-64-v3 processor (2013 or later).")
        }
        try isa?.limitProducts()
        try requireOpenBLAS()
    }
}

extension InstructionSet: ExpressibleByArgument {}

/// The process that `predict` starts for each of its workers; not for people.
struct DecodeWorkerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decode-worker", abstract: "Decodes videos for another vbtrain process.",
        shouldDisplay: false)

    func run() { DecodeWorker.run() }
}
