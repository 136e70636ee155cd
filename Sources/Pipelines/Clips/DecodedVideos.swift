public import Manifests
public import Recipes
import Shards

/// Decodes videos in parallel, isolated as in a build, and hands their pixels on in order.
///
/// What is wrong with a video costs only that video.
public struct DecodedVideos: Sendable {
    private let recipe: ClipRecipe
    private let timeoutSeconds: Double
    private let isolation: ClipIsolation
    private let jobs: Int
    private let addresses: WebAddresses

    /// Prepares to decode; `forEach` starts the workers.
    /// - Parameters:
    ///   - recipe: How clips become pixels; whatever it stores, the pixels come as uint8.
    ///   - timeoutSeconds: Limit of processor time of one clip.
    ///   - isolation: Where clips are decoded.
    ///   - jobs: Clips that are decoded at once.
    ///   - addresses: Hosts and credentials of the clips that are behind web addresses.
    public init(
        _ recipe: ClipRecipe, timeoutSeconds: Double, isolation: ClipIsolation, jobs: Int,
        addresses: WebAddresses
    ) {
        var recipe = recipe
        recipe.store = .uint8
        // The pixels are only passed from one process to the other, never stored.
        recipe.zstdLevel = 1
        self.recipe = recipe
        self.timeoutSeconds = timeoutSeconds
        self.isolation = isolation
        self.jobs = jobs
        self.addresses = addresses
    }

    /// Calls `body` for each of `clips` in order, with what was decoded or why nothing was; others
    /// are decoded meanwhile.
    ///
    /// When `stop` is requested, nothing new is begun.
    /// - Throws: `PipelineError.worker` if no worker can be started, `FileError.system` if the
    ///   machine is at fault, and what `body` throws.
    public func forEach(
        _ clips: [Clip], stop: StopSignal,
        _ body: (Clip, Result<LoadedClip, PipelineError>) throws -> Void
    ) async throws {
        let workers = try ClipWorkers(
            recipe, timeoutSeconds: timeoutSeconds, isolation: isolation,
            count: min(jobs, clips.count), hosts: addresses.hosts)
        let sources = SourceFiles(
            root: "", timeoutSeconds: timeoutSeconds, addresses: addresses, stop: stop)
        try await forEachInOrder(
            clips, limit: ClipWorkers.inFlight(isolation, workers: min(jobs, clips.count)),
            shouldStop: { stop.isRequested },
            operation: { clip in
                let made: Result<MadeClip, ClipFault>
                switch try sources.open(clip.video, needsHash: false) {
                case .failure(let fault): made = .failure(fault)
                case .success(let video): made = try await workers.make(video, clip)
                }
                return (
                    clip,
                    made.flatMap(loaded).mapError { fault in
                        PipelineError.video(path: clip.video, reason: fault.detail)
                    }
                )
            },
            commit: { clip, loaded in try body(clip, loaded) })
    }

    private func loaded(_ clip: MadeClip) -> Result<LoadedClip, ClipFault> {
        do throws(ShardError) {
            let count = clip.pixels.uncompressedCount
            guard count <= recipe.shape.reduce(1, *) + 4096 else { return .failure(.strangeReply) }
            let array = try NPYArray(
                fileBytes: zstdDecompress(clip.pixels.bytes, expectedCount: count))
            guard array.elementType == .uint8, array.shape == recipe.shape else {
                return .failure(.strangeReply)
            }
            return .success(
                LoadedClip(
                    pixels: array.withElements { $0.bytes.copiedBytes() }, receipt: clip.receipt))
        } catch {
            return .failure(.strangeReply)
        }
    }
}
