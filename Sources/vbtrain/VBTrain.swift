import ArgumentParser
import Foundation
import Pipelines
import Tensors

@main
struct VBTrain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vbtrain",
        abstract:
            "Trains a Q-Former video classifier on shards, evaluates it, and classifies videos.",
        discussion: """
            vbtrain --shards DIR trains; a run directory holds weights, log, metrics and report.html.

            Exit codes: 0 done, 1 failed, 64 wrong usage, 130 or 143 stopped by a signal.
            """,
        version: "0.1.0",
        subcommands: [
            TrainCommand.self, EvaluateCommand.self, PredictCommand.self, ReportCommand.self,
        ],
        defaultSubcommand: TrainCommand.self)
}

/// Options that every command has.
struct RunOptions: ParsableArguments {
    @Option(help: "Threads of the matrix products (default: the number of processors).")
    var jobs: Int?

    @Flag(help: "Print the result as one JSON object on stdout.")
    var json = false

    var jobCount: Int { jobs ?? ProcessInfo.processInfo.activeProcessorCount }

    func validate() throws {
        if let jobs, jobs < 1 { throw ValidationError("--jobs must be at least 1.") }
        if let missing = missingProcessorFeatures() {
            throw ValidationError(
                "This processor lacks \(missing), which the program was compiled for; "
                    + "it needs an x86-64-v3 processor (2013 or later).")
        }
        try requireOpenBLAS()
    }
}
