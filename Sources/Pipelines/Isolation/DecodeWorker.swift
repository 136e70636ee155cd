import Foundation
import Shards
import VideoDecoding

/// What a worker is told before its first clip.
struct WorkerSetup: Codable {
    let options: ClipMakerOptions
    /// Limit of the address space in bytes (`RLIMIT_AS`).
    let memoryBytes: Int
}

/// A worker's answer to a job; the compressed array follows as payload.
enum WorkerReply: Codable {
    case made(receipt: ClipReceipt, perceptualHash: String, uncompressedCount: Int)
    case surveyed(VideoSurvey)
    case fault(ClipFault)
}

/// The other side of `WorkerProcess`: a process that decodes one clip after the other.
///
/// It talks over its standard input, a socket, holds nothing worth stealing, and ends with it.
public enum DecodeWorker {
    /// Seconds beyond the time limit of a clip after which a worker ends itself, should the run that
    /// would do it have died.
    static let selfDestructionSeconds = 30.0

    /// Serves jobs until the run closes the socket.
    /// - Throws: If the setup is not one.
    public static func run() throws {
        let channel = WorkerChannel(descriptor: STDIN_FILENO)
        let message = try channel.receive(maximumPayloadBytes: 0)
        let setup = try decodeJSON(WorkerSetup.self, from: message.header)
        limitResources(memoryBytes: setup.memoryBytes)
        var maker = try ClipMaker(setup.options)
        let seconds = setup.options.loader.timeoutSeconds + selfDestructionSeconds
        while let message = try? channel.receive(maximumPayloadBytes: 0) {
            let job = try decodeJSON(WorkerJob.self, from: message.header)
            alarm(UInt32(min(seconds, 1e9)))
            switch maker.run(job) {
            case .success(.surveyed(let survey)):
                try channel.send(WorkerReply.surveyed(survey))
            case .success(.made(let clip)):
                try channel.send(
                    WorkerReply.made(
                        receipt: clip.receipt,
                        perceptualHash: clip.perceptualHash.description,
                        uncompressedCount: clip.pixels.uncompressedCount),
                    payload: clip.pixels.bytes)
            case .failure(let fault):
                try channel.send(WorkerReply.fault(fault))
            }
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
