import ArgumentParser
import CommandSupport
import Pipelines

/// Where clips are decoded.
struct IsolationOptions: ParsableArguments {
    @OptionGroup var workers: WorkerOptions

    @Flag(help: "Decode in this process instead of in workers, for debugging.")
    var inProcess = false

    var isolation: ClipIsolation { inProcess ? .none : workers.isolation }
}
