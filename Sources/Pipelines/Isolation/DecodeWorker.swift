import CWorker
import Files
import Foundation
import Recipes
import Shards
import VideoDecoding

/// What a worker is told before its first clip.
struct WorkerSetup: Codable {
    let recipe: ClipRecipe
    /// Seconds of processor time that one clip may take.
    let timeoutSeconds: Double
    /// Limit of the address space in bytes (`RLIMIT_AS`).
    var memoryBytes: Int
    /// Whether videos may be behind web addresses.
    var allowsNetwork = false
    /// Hosts that servers may redirect to besides their own.
    var redirectHosts: Set<String> = []
}

/// A worker's answer to a job; the compressed array follows as payload.
enum WorkerReply: Codable {
    /// The worker has started.
    case ready
    case made(
        receipt: ClipReceipt, perceptualHash: String, uncompressedCount: Int,
        remoteStamp: RemoteStamp?)
    case stamped(RemoteStamp)
    case surveyed(VideoSurvey)
    case fault(ClipFault)
}

/// The other side of `WorkerProcess`: a process that decodes one clip after the other.
///
/// It talks over its standard input, a socket, and ends when that is closed; it holds nothing worth
/// stealing. Before its first clip it gives up (`vb_restrict_process`), as far as the kernel lets
/// it, the rights with which a decoder that a hostile file has taken over could do harm:
///
/// - gaining privileges (`PR_SET_NO_NEW_PRIVS`);
/// - starting programs or processes, signalling or tracing others, and opening anything by name, by
///   a list of system calls that decoding needs (seccomp, x86-64 and AArch64);
/// - connections, unless the run has videos behind web addresses;
/// - files beyond those that come open with its jobs (Landlock, Linux 5.13); with web addresses it
///   may read, not write, what name resolution and TLS need below `/etc`, `/usr`, `/lib` and
///   `/run`.
///
/// That does not protect from faults of the kernel, from wrong pixels of the hostile video itself,
/// nor, with web addresses, from requests to other hosts of the network.
public enum DecodeWorker {
    /// Seconds of processor time beyond the limit of a clip after which a worker ends itself,
    /// should the run that would do it have died; and seconds that it may take to start.
    static let selfDestructionSeconds = 30.0

    /// Serves jobs until the run closes the socket, then ends the process.
    ///
    /// It ends right here: whatever a caller would do next, such as starting a thread, may hang
    /// when memory is short.
    public static func run() -> Never {
        do {
            try serve(WorkerChannel(descriptor: STDIN_FILENO))
            _exit(EXIT_SUCCESS)
        } catch {
            _exit(EXIT_FAILURE)
        }
    }

    private static func serve(_ channel: WorkerChannel) throws {
        vb_keep_freed_memory()
        endAfter(processorSeconds: selfDestructionSeconds)
        let message = try channel.receive(maximumPayloadBytes: 0)
        let setup = try message.decoded(as: WorkerSetup.self)
        limitResources(memoryBytes: setup.memoryBytes)
        _ = vb_restrict_process(setup.allowsNetwork ? 1 : 0)
        var maker = try ClipMaker(
            setup.recipe, timeoutSeconds: setup.timeoutSeconds, redirectHosts: setup.redirectHosts)
        try channel.send(WorkerReply.ready)
        while let message = try? channel.receiveJob() {
            endAfter(processorSeconds: setup.timeoutSeconds + selfDestructionSeconds)
            let failures = vb_failed_allocations()
            let result = maker.run(
                try message.decoded(as: WorkerJob.self),
                descriptor: message.descriptor)
            let lacksMemory = vb_failed_allocations() != failures
            try channel.answer(lacksMemory ? .failure(lackOfMemory(result)) : result)
        }
    }

    /// What to say of a job during which an allocation failed.
    ///
    /// Neither a fault that was found then nor a clip that was made can be relied on: libraries
    /// pass on lack of memory as damage, an unknown format or a frame left out.
    private static func lackOfMemory(_ result: Result<WorkerResult, ClipFault>) -> ClipFault {
        guard case .failure(let fault) = result else {
            return ClipFault(.outOfMemory(stage: .decode))
        }
        guard fault.kind == .content else { return fault }
        return ClipFault(.outOfMemory(stage: .init(rawValue: fault.stage) ?? .convert))
    }

    /// Ends this process by SIGPROF when it has used that much more processor time.
    private static func endAfter(processorSeconds: Double) {
        var timer = itimerval()
        timer.it_value.tv_sec = Int(min(processorSeconds.rounded(.up), 1e9))
        setitimer(__itimer_which_t(ITIMER_PROF.rawValue), &timer, nil)
    }

    /// Bounds memory, and leaves no core dumps of strangers' data behind.
    private static func limitResources(memoryBytes: Int) {
        var memory = rlimit(rlim_cur: rlim_t(memoryBytes), rlim_max: rlim_t(memoryBytes))
        setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &memory)
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
    }
}

extension WorkerChannel {
    fileprivate func answer(_ result: Result<WorkerResult, ClipFault>) throws {
        switch result {
        case .success(.surveyed(let survey)):
            try send(WorkerReply.surveyed(survey))
        case .success(.stamped(let stamp)):
            try send(WorkerReply.stamped(stamp))
        case .success(.made(let clip)):
            try send(
                WorkerReply.made(
                    receipt: clip.receipt,
                    perceptualHash: clip.perceptualHash.description,
                    uncompressedCount: clip.pixels.uncompressedCount,
                    remoteStamp: clip.remoteStamp),
                payload: clip.pixels.bytes)
        case .failure(let fault):
            try send(WorkerReply.fault(fault))
        }
    }
}
