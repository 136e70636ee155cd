import Files
import Foundation
import Recipes
import Shards
import VideoDecoding

/// What a worker is told before its first clip.
struct WorkerSetup: Codable {
    let recipe: ClipRecipe
    /// Seconds that one clip may take.
    let timeoutSeconds: Double
    /// Limit of the address space in bytes (`RLIMIT_AS`).
    let memoryBytes: Int
}

/// A worker's answer to a job; the compressed array follows as payload.
enum WorkerReply: Codable {
    /// The worker has started.
    case ready
    case made(receipt: ClipReceipt, perceptualHash: String, uncompressedCount: Int)
    case surveyed(VideoSurvey)
    case fault(ClipFault)
}

/// The other side of `WorkerProcess`: a process that decodes one clip after the other.
///
/// It talks over its standard input, a socket, holds nothing worth stealing, and ends with it.
public enum DecodeWorker {
    /// Seconds beyond the time limit of a clip after which a worker ends itself, should the run that
    /// would do it have died; and seconds that it may take to start.
    static let selfDestructionSeconds = 30.0

    /// Serves jobs until the run closes the socket, then ends the process.
    ///
    /// It ends right here: whatever a caller would do next, such as starting a thread, may hang when
    /// memory is short.
    public static func run() -> Never {
        do {
            try serve(WorkerChannel(descriptor: STDIN_FILENO))
            _exit(EXIT_SUCCESS)
        } catch {
            _exit(EXIT_FAILURE)
        }
    }

    private static func serve(_ channel: WorkerChannel) throws {
        alarm(UInt32(selfDestructionSeconds))
        let message = try channel.receive(maximumPayloadBytes: 0)
        let setup = try decodeJSON(WorkerSetup.self, from: message.header)
        limitResources(memoryBytes: setup.memoryBytes)
        var maker = try ClipMaker(setup.recipe, timeoutSeconds: setup.timeoutSeconds)
        try channel.send(WorkerReply.ready)
        alarm(0)
        let seconds = setup.timeoutSeconds + selfDestructionSeconds
        while let message = try? channel.receive(maximumPayloadBytes: 0) {
            alarm(UInt32(min(seconds, 1e9)))
            try channel.answer(maker.run(decodeJSON(WorkerJob.self, from: message.header)))
            alarm(0)
        }
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
        case .success(.made(let clip)):
            try send(
                WorkerReply.made(
                    receipt: clip.receipt,
                    perceptualHash: clip.perceptualHash.description,
                    uncompressedCount: clip.pixels.uncompressedCount),
                payload: clip.pixels.bytes)
        case .failure(let fault):
            try send(WorkerReply.fault(fault))
        }
    }
}
