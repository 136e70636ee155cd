import ArgumentParser
import Pipelines

/// The process that `build-shards` starts for each of its workers; not for people.
struct DecodeWorkerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decode-worker",
        abstract: "Decodes clips for another vbprep process.",
        shouldDisplay: false)

    func run() {
        DecodeWorker.run()
    }
}

/// Where clips are decoded.
struct IsolationOptions: ParsableArguments {
    @Option(help: "Address space of one worker process, in megabytes.")
    var workerMemory = 4096

    @Flag(help: "Decode in this process instead of in workers, for debugging.")
    var inProcess = false

    /// This program is its own worker.
    var isolation: ClipIsolation {
        inProcess
            ? .none
            : .processes(executable: "/proc/self/exe", memoryBytes: workerMemory << 20)
    }

    func validate() throws {
        guard (256...1 << 24).contains(workerMemory) else {
            throw ValidationError("--worker-memory must be from 256 to 16777216 megabytes.")
        }
    }
}
