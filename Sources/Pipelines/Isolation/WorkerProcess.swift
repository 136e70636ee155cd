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
    /// What a job led to.
    enum Exchange: Sendable {
        /// The worker answered, and can take another job.
        case answered(Result<WorkerResult, ClipFault>)
        /// The worker died of the job.
        case died(ClipFault)
        /// The worker had died before it came to the job.
        case notTried
        /// The worker never started: the machine's fault, not the clip's.
        case failedToStart(reason: String)
    }

    /// Seconds that a worker may take beyond the clip's own time limit before it is killed.
    ///
    /// The decoder checks the limit itself; only one that hangs gets here.
    static let graceSeconds = 2.0

    private let setup: WorkerSetup
    private let channel: WorkerChannel
    private let process: pid_t
    private let queue = DispatchQueue(label: "decode worker")
    private var isDead = false
    private var isReady = false

    /// Starts `executable` as a worker (`posix_spawn`).
    /// - Throws: `PipelineError.worker` if that is not possible.
    init(executable: String, setup: WorkerSetup) throws {
        var sockets: [Int32] = [0, 0]
        guard
            socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &sockets)
                == 0
        else { throw PipelineError.worker(reason: String(cString: strerror(errno))) }
        defer { close(sockets[1]) }
        self.setup = setup
        channel = WorkerChannel(descriptor: sockets[0])
        do {
            process = try Self.spawn(executable, socket: sockets[1])
        } catch {
            close(sockets[0])
            throw error
        }
        // Should the worker be gone already, the first job notices.
        try? channel.send(setup)
    }

    deinit {
        close(channel.descriptor)
        // The worker ends when the socket closes; one that hangs must not outlive its run.
        let process = process
        queue.async {
            var status: Int32 = 0
            for _ in 0..<200 {
                if waitpid(process, &status, WNOHANG) != 0 { return }
                usleep(10_000)
            }
            kill(process, SIGKILL)
            waitpid(process, &status, 0)
        }
    }

    /// Has the worker do one job, after those it was given before.
    func run(_ job: WorkerJob) async -> Exchange {
        await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: self.exchange(job)) }
        }
    }

    private func exchange(_ job: WorkerJob) -> Exchange {
        guard !isDead else { return .notTried }
        let seconds = setup.timeoutSeconds
        if let failure = startFailure() { return .failedToStart(reason: failure) }
        do {
            try channel.send(job)
            let message = try channel.receive(
                maximumPayloadBytes: maximumPayloadBytes,
                deadline: .now + .seconds(seconds + Self.graceSeconds))
            return .answered(try result(of: message))
        } catch WorkerChannel.Failure.late {
            end()
            return .died(
                ClipFault(
                    kind: .timeout, reason: ClipFault.timeoutReason, stage: "decode",
                    detail: "The decoder hung for more than \(seconds) s and was ended; "
                        + "re-encode the video or raise --timeout."))
        } catch {
            return .died(crash(signal: end()))
        }
    }

    /// Waits until the worker says that it has started.
    /// - Returns: why it has not.
    private func startFailure() -> String? {
        if isReady { return nil }
        do {
            let message = try channel.receive(
                maximumPayloadBytes: 0,
                deadline: .now + .seconds(DecodeWorker.selfDestructionSeconds + Self.graceSeconds))
            guard case .ready = try decodeJSON(WorkerReply.self, from: message.header) else {
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
        switch try decodeJSON(WorkerReply.self, from: message.header) {
        case .ready:
            throw WorkerChannel.Failure.malformed
        case .fault(let fault):
            return .failure(fault)
        case .surveyed(let survey):
            return .success(.surveyed(survey))
        case .made(let receipt, let perceptualHash, let uncompressedCount):
            guard let hash = PerceptualHash(perceptualHash) else {
                throw WorkerChannel.Failure.malformed
            }
            return .success(
                .made(
                    MadeClip(
                        receipt: receipt, perceptualHash: hash,
                        pixels: SampleMember(
                            name: ShardFormat.pixelMember, bytes: message.payload,
                            uncompressedCount: uncompressedCount))))
        }
    }

    private func crash(signal: Int32?) -> ClipFault {
        let cause = signal.map { "signal \($0), \(String(cString: strsignal($0)))" }
        let megabytes = setup.memoryBytes >> 20
        return ClipFault(
            kind: .crash, reason: ClipFault.crashReason, stage: "decode",
            detail: "The decoder process ended (\(cause ?? "no signal")), as a damaged or hostile "
                + "file or one that needs more than \(megabytes) MB can make it; re-encode the video, "
                + "or raise --worker-memory.")
    }

    /// Ends the process.
    /// - Returns: the signal that it died of before that.
    @discardableResult
    private func end() -> Int32? {
        isDead = true
        var status: Int32 = 0
        for _ in 0..<50 {
            if waitpid(process, &status, WNOHANG) == process {
                let signal = status & 0x7F
                return signal == 0 ? nil : signal
            }
            usleep(2_000)
        }
        kill(process, SIGKILL)
        waitpid(process, &status, 0)
        return nil
    }

    private static func spawn(_ executable: String, socket: Int32) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, socket, STDIN_FILENO)
        for descriptor in [STDOUT_FILENO, STDERR_FILENO] {
            posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_WRONLY, 0)
        }
        // What this process was given open by those that started it is not the worker's to keep.
        for descriptor in openDescriptors where descriptor > STDERR_FILENO {
            posix_spawn_file_actions_addclose(&actions, descriptor)
        }
        // No backtraces of crashes. Memory that a clip has used serves the next, where glibc would
        // give it back and ask again.
        let environment =
            [
                "SWIFT_BACKTRACE=enable=no", "MALLOC_MMAP_THRESHOLD_=67108864",
                "MALLOC_TRIM_THRESHOLD_=67108864",
            ]
            + ProcessInfo.processInfo.environment.map { "\($0.key)=\($0.value)" }
        let arguments = cStrings(["vbprep", "decode-worker"])
        let variables = cStrings(environment)
        defer { (arguments + variables).forEach { free($0) } }
        var process: pid_t = 0
        let status = posix_spawn(&process, executable, &actions, nil, arguments, variables)
        guard status == 0 else {
            throw PipelineError.worker(reason: String(cString: strerror(status)))
        }
        return process
    }
}

/// C copies of `texts` and a null pointer, to be freed one by one.
private func cStrings(_ texts: [String]) -> [UnsafeMutablePointer<CChar>?] {
    texts.map { text in strdup(text) } + [nil]
}

private var openDescriptors: [Int32] {
    let names = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")
    return (names ?? []).compactMap { Int32($0) }
}
