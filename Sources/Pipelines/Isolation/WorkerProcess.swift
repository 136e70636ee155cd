import Dispatch
import Files
import Foundation
import Recipes
import Shards
import VideoDecoding

/// A decode worker as its run sees it: one process, one job at a time.
///
/// Whatever happens to the process (a crash, a hang, too much memory) comes back as the fault of
/// the clip it worked on; after that the process is gone and the value is of no more use.
// Guard: `queue` is serial, and only blocks on it touch the process after `init`.
final class WorkerProcess: @unchecked Sendable {
    /// The outcome of a job.
    enum Exchange: Sendable {
        /// The worker answered, and can take another job.
        case answered(Result<WorkerResult, ClipFault>)
        /// The job ended the worker.
        case died(ClipFault)
        /// The worker had died before it came to the job.
        case notTried
        /// The worker never started: the machine's fault, not the clip's.
        case failedToStart(reason: String)
    }

    /// Seconds that a worker may take beyond the clip's own limits before it is killed.
    ///
    /// The decoder checks the limits itself; only one that hangs gets here.
    static let graceSeconds = 2.0

    private let setup: WorkerSetup
    private let channel: WorkerChannel
    private var process: ChildProcess
    private let queue = DispatchQueue(label: "decode worker")
    private var isDead = false
    private var isReady = false

    /// Starts `executable` as a worker, unless there is an early one.
    /// - Throws: `PipelineError.worker` if that is not possible.
    init(executable: String, setup: WorkerSetup) throws {
        self.setup = setup
        if let early = EarlyWorkers.take() {
            channel = WorkerChannel(descriptor: early.descriptor)
            process = early.process
        } else {
            let sockets = try WorkerChannel.socketPair()
            defer { close(sockets.worker) }
            channel = WorkerChannel(descriptor: sockets.run)
            do {
                process = try ChildProcess(
                    executable, arguments: ["vbprep", "decode-worker"],
                    variables: Self.environment, input: sockets.worker)
            } catch {
                close(sockets.run)
                throw error
            }
        }
        // Should the worker be gone already, the first job notices.
        try? channel.send(setup)
    }

    deinit {
        close(channel.descriptor)
        // The worker ends when the socket closes; one that hangs must not outlive its run.
        queue.async { [process] in
            var process = process
            _ = process.end(after: 2)
        }
    }

    /// No backtraces of crashes.
    private static let environment = ["SWIFT_BACKTRACE": "enable=no"]

    /// Has the worker do one job on the open `file`, after those it was given before.
    func run(_ job: WorkerJob, on file: ReadableFile) async -> Exchange {
        await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: self.exchange(job, file)) }
        }
    }

    private func exchange(_ job: WorkerJob, _ file: ReadableFile) -> Exchange {
        guard !isDead else { return .notTried }
        if let failure = startFailure() { return .failedToStart(reason: failure) }
        do {
            let isLate = limit(seconds: setup.timeoutSeconds)
            try channel.send(job, descriptor: file.descriptor)
            let message = try channel.receive(
                maximumPayloadBytes: maximumPayloadBytes, isLate: isLate)
            return .answered(try result(of: message))
        } catch WorkerChannel.Failure.late {
            end()
            return .died(hang)
        } catch {
            return .died(fault(ofSignal: end()))
        }
    }

    /// A check of whether the worker has, from now on, used `seconds` of processor time or kept
    /// this process waiting for ten times as long.
    private func limit(seconds: Double) -> () -> Bool {
        let start = process.processorSeconds ?? 0
        var clock = WaitingClock()
        return { [process] in
            clock.tick()
            let used = (process.processorSeconds ?? start) - start
            return used > seconds + Self.graceSeconds
                || clock.seconds > seconds * Deadline.waitingFactor + Self.graceSeconds
        }
    }

    /// Waits until the worker says that it has started.
    /// - Returns: Why it has not.
    private func startFailure() -> String? {
        if isReady { return nil }
        do {
            let message = try channel.receive(
                maximumPayloadBytes: 0, isLate: limit(seconds: DecodeWorker.selfDestructionSeconds))
            guard case .ready = try message.decoded(as: WorkerReply.self) else {
                throw WorkerChannel.Failure.malformed
            }
            isReady = true
            return nil
        } catch {
            let cause = end().map { " by signal \($0), \(String(cString: strsignal($0)))" } ?? ""
            return "it ended\(cause) before its first clip, with \(setup.memoryBytes >> 20) MB of "
                + "address space; raise --worker-memory if that is too little"
        }
    }

    /// Room for the array and zstd's overhead.
    private var maximumPayloadBytes: Int {
        2 * 4 * setup.recipe.shape.reduce(1, *) + (1 << 16)
    }

    private func result(
        of message: WorkerChannel.Message
    ) throws -> Result<WorkerResult, ClipFault> {
        switch try message.decoded(as: WorkerReply.self) {
        case .ready:
            throw WorkerChannel.Failure.malformed
        case .fault(let fault):
            return .failure(fault)
        case .surveyed(let survey):
            return .success(.surveyed(survey))
        case .stamped(let stamp):
            return .success(.stamped(stamp))
        case .made(let receipt, let perceptualHash, let uncompressedCount, let stamp):
            guard let hash = PerceptualHash(perceptualHash) else {
                throw WorkerChannel.Failure.malformed
            }
            return .success(
                .made(
                    MadeClip(
                        receipt: receipt, perceptualHash: hash,
                        pixels: SampleMember(
                            name: ShardFormat.pixelMember, bytes: message.payload,
                            uncompressedCount: uncompressedCount),
                        remoteStamp: stamp)))
        }
    }

    private var hang: ClipFault {
        let seconds = setup.timeoutSeconds
        return ClipFault(
            kind: .limit, reason: ClipFault.Retried.timeout.rawValue, stage: "decode",
            detail: "The decoder hung for more than \(seconds) s of processor time, or "
                + "\(seconds * Deadline.waitingFactor) s of waiting, and was ended; "
                + "re-encode the video or raise --timeout.")
    }

    /// Why the worker died of a clip: by itself, or killed from outside.
    private func fault(ofSignal signal: Int32?) -> ClipFault {
        let cause = signal.map { "signal \($0), \(String(cString: strsignal($0)))" } ?? "no signal"
        let own = [SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS]
        if signal == SIGPROF { return hang }
        if let signal, !own.contains(signal) {
            return ClipFault(
                kind: .killed, reason: ClipFault.Retried.killed.rawValue, stage: "decode",
                detail:
                    "The decoder process was killed from outside (\(cause)), as a system short of "
                    + "memory does; give the command again, with fewer --jobs if that helps.")
        }
        let megabytes = setup.memoryBytes >> 20
        return ClipFault(
            kind: .crash, reason: ClipFault.Retried.crash.rawValue, stage: "decode",
            detail: "The decoder process ended (\(cause)), as a damaged or hostile "
                + "file or one that needs more than \(megabytes) MB can make it; re-encode the video, "
                + "or raise --worker-memory.")
    }

    /// Ends the process.
    /// - Returns: The signal that it died of before that.
    @discardableResult
    private func end() -> Int32? {
        isDead = true
        return process.end(after: 0.1)
    }
}
