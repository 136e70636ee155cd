import ArgumentParser
import CommandSupport
import Files
import Foundation
import Pipelines

@main
struct VBPrep: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vbprep",
        abstract:
            "Prepares labelled videos for training: decodes and stores each clip once, exactly.",
        discussion: """
            manifest → build-shards → pixel shards → extract-features → feature shards → vbtrain

            Results go to stdout, progress and warnings to stderr. Exit codes: 0 done, 1 failed or \
            nothing stored, 2 rows in quarantine under --strict, 64 wrong usage, 65 bad input, 75 the \
            machine's fault (give the same command again), 130 or 143 stopped by a signal.
            """,
        version: "0.1.0",
        subcommands: [
            ManifestCommand.self, BuildShardsCommand.self, ExtractFeaturesCommand.self,
            VerifyCommand.self,
            RepairCommand.self, DoctorCommand.self, InspectCommand.self, StatusCommand.self,
            FinalizeCommand.self, DecodeWorkerCommand.self,
        ])

    @MainActor static func main() async {
        await runAsMain(prepare: { ($0 as? BuildShardsCommand)?.startWorkers() })
    }

    func validate() throws { try requireSupportedProcessor() }
}

/// Options that every long-running command has.
struct RunOptions: ParsableArguments {
    @Option(help: "Parallel workers (default: the number of processors).")
    var jobs: Int?

    @Flag(help: "Print the final summary as one JSON object on stdout.")
    var json = false

    var jobCount: Int { jobs ?? ProcessInfo.processInfo.activeProcessorCount }

    func validate() throws {
        if let jobs { try requireInRange([("--jobs", jobs, 1...4096)]) }
    }
}

/// Which shards this process builds when several share the work.
struct TaskOptions: ParsableArguments {
    @Option(
        help: """
            This process's number among --task-count, from 0 (default: what Open MPI, MPICH, srun, or the \
            job array of Slurm, Grid Engine, PBS, LSF, AWS, Google or Kubernetes say, else 0; where they \
            do not say how many tasks there are, each claims shards that nobody works on).
            """)
    var taskIndex: Int?

    @Option(
        help: "Processes that share the work, each every COUNT-th shard (default: as --task-index)."
    )
    var taskCount: Int?

    /// What a scheduler says, unless the user does.
    private var environment: TaskEnvironment? {
        taskIndex == nil ? TaskEnvironment(ProcessInfo.processInfo.environment) : nil
    }

    /// `nil` if the numbers do not fit each other.
    private var checkedPartition: TaskPartition? {
        guard let environment else {
            return TaskPartition(checkedIndex: taskIndex ?? 0, count: taskCount ?? 1)
        }
        guard let count = taskCount ?? environment.count else {
            return .claims(numTasks: environment.estimatedCount)
        }
        return TaskPartition(checkedIndex: environment.index, count: count)
    }

    /// The part of this process; reports on stderr what a scheduler said about it.
    func partition() -> TaskPartition {
        if let environment { writeToStandardError("\(environment)\n") }
        return checkedPartition ?? .whole
    }

    func validate() throws {
        if taskIndex != nil, taskCount == nil {
            throw ValidationError("--task-index needs --task-count.")
        }
        if taskIndex == nil, taskCount != nil, environment == nil {
            throw ValidationError("--task-count needs --task-index.")
        }
        guard checkedPartition != nil else {
            throw ValidationError(
                "--task-index must be at least 0 and less than --task-count; it is "
                    + "\(taskIndex ?? environment?.index ?? 0) of \(taskCount ?? 1).")
        }
    }
}

/// Runs a stage; a clean stop by a signal becomes its exit code.
func withStopSignal<Result>(
    _ body: (StopSignal) async throws -> Result
) async throws -> Result {
    let stop = StopSignal()
    do {
        return try await body(stop)
    } catch let error as PipelineError {
        guard case .interrupted(let signal) = error else { throw error }
        writeToStandardError("\(error)\n")
        throw ExitCode(128 + signal)
    }
}
