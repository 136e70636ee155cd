public import ArgumentParser
public import Pipelines

/// The process that a command starts for each of its decode workers; not for direct use.
public struct DecodeWorkerCommand: ParsableCommand {
    /// Not shown in the help.
    public static let configuration = CommandConfiguration(
        commandName: "decode-worker", abstract: "Decodes clips for another process.",
        shouldDisplay: false)

    /// For ArgumentParser.
    public init() {}

    /// Serves the process that started this one, and ends with it.
    public func run() { DecodeWorker.run() }
}

/// Decode workers of a command.
public struct WorkerOptions: ParsableArguments {
    @Option(help: "Address space of one worker process, in megabytes.")
    private var workerMemory = 4096

    /// For ArgumentParser.
    public init() {}

    /// Processes of this program, which is its own worker.
    public var isolation: ClipIsolation {
        .processes(executable: "/proc/self/exe", memoryBytes: workerMemory << 20)
    }

    /// Checks the range of the memory.
    /// - Throws: `ValidationError`.
    public func validate() throws {
        guard (256...1 << 24).contains(workerMemory) else {
            throw ValidationError("--worker-memory must be from 256 to 16777216 megabytes.")
        }
    }
}
