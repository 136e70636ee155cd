import Files
import Foundation
import Models
import Preprocessing
import Recipes
import Shards
import Tensors
import VideoDecoding

/// What a worker can be asked for.
///
/// An open file comes with each job: the video that is called `path`, or, where that is an http(s)
/// address, an empty one to fetch it into.
enum WorkerJob: Sendable, Codable, Equatable {
    /// Decode a clip of the video.
    case make(path: String, Clip)
    /// Look at the packets of the video.
    case survey(path: String)
    /// Ask the server whether the video is still the same.
    case stamp(path: String)

    var path: String {
        switch self {
        case .make(let path, _), .survey(let path), .stamp(let path): path
        }
    }
}

/// The result of a job.
enum WorkerResult: Sendable {
    case made(MadeClip)
    case surveyed(VideoSurvey)
    case stamped(RemoteStamp)
}

/// A decoded clip, ready to be stored.
struct MadeClip: Sendable {
    let receipt: ClipReceipt
    let perceptualHash: PerceptualHash
    /// The compressed array.
    let pixels: SampleMember
    /// What the server says about the video; `nil` for files.
    let remoteStamp: RemoteStamp?
}

/// Why a clip is not stored, in the words of `quarantine.csv`.
struct ClipFault: Error, Sendable, Codable, Equatable {
    /// What ended the clip, as far as that decides whether to try again.
    enum Kind: String, Sendable, Codable {
        /// Something about the clip's content.
        case content
        /// The clip crashed the worker.
        case crash
        /// The worker was killed from outside.
        case killed
        /// A limit of time or memory.
        case limit
        /// The machine is at fault, so the run has to end.
        case machine
    }

    let kind: Kind
    let reason: String
    let stage: String
    let detail: String
    /// How often the clip was tried.
    var attempts = 1

    init(kind: Kind = .content, reason: String, stage: String, detail: String) {
        self.kind = kind
        self.reason = reason
        self.stage = stage
        self.detail = detail
    }

    /// Neither the stored sample nor its video can be read.
    static let damagedSample = ClipFault(
        reason: Retried.damagedSample.rawValue, stage: "store",
        detail: "The stored sample is damaged and its video is gone; restore the video.")

    /// Reasons for which a clip is tried again when the same command is given again.
    ///
    /// A crash is among them, because lack of memory ends a process in the same ways as a bad file.
    enum Retried: String, CaseIterable {
        case crash = "decoder-crashed"
        case killed = "worker-killed"
        case timeout, memory
        case sourceChanged = "source-changed"
        case damagedSample = "damaged-sample"
    }

    /// Whether a clip that was quarantined for `reason` is tried again.
    static func isRetried(_ reason: String) -> Bool { Retried(rawValue: reason) != nil }

    /// The file was written to or replaced while it was read, again and again.
    static let sourceChanged = ClipFault(
        reason: Retried.sourceChanged.rawValue, stage: "open",
        detail: "The video changed while it was being read; "
            + "give the command again when it is complete.")

    init(_ error: DecodeError) {
        let kind: Kind =
            switch error {
            case .timeout, .stalled, .outOfMemory: .limit
            case .noSpace: .machine
            default: .content
            }
        self.init(kind: kind, reason: error.reason, stage: error.stage.rawValue, detail: "\(error)")
    }
}

/// Video file to compressed array: decode, sample, resize, normalise where asked, compress.
///
/// Everything that touches a stranger's bytes happens here, which is why it runs in a process of
/// its own (`DecodeWorker`) unless the user asks otherwise.
struct ClipMaker: ~Copyable {
    private let recipe: ClipRecipe
    private let timeoutSeconds: Double
    private let redirectHosts: Set<String>
    private let normalization: PixelNormalization
    private let compressor: ZstdCompressor
    private var loader: ClipLoader

    /// - Parameters:
    ///   - recipe: How clips become samples.
    ///   - timeoutSeconds: Limit of processor time of one clip.
    ///   - redirectHosts: Hosts that servers may redirect to besides their own.
    /// - Throws: `ShardError.compression`.
    init(
        _ recipe: ClipRecipe, timeoutSeconds: Double, redirectHosts: Set<String>
    ) throws(ShardError) {
        self.recipe = recipe
        self.redirectHosts = redirectHosts
        self.timeoutSeconds = timeoutSeconds
        normalization = PixelNormalization(.blip)
        compressor = try ZstdCompressor(level: recipe.zstdLevel)
        loader = ClipLoader(recipe, timeoutSeconds: timeoutSeconds)
    }

    /// Does one job; whatever goes wrong is the clip's fault, not an error of the run.
    /// - Parameters:
    ///   - job: What to do.
    ///   - descriptor: The open file that came with it, which is closed.
    /// - Returns: The result, or the fault that prevented one.
    mutating func run(
        _ job: WorkerJob, descriptor: Int32
    ) -> Result<WorkerResult, ClipFault> {
        do {
            let stamp = try fetch(job, into: descriptor)
            if case .stamp = job, let stamp {
                close(descriptor)
                return .success(.stamped(stamp))
            }
            let file = try ReadableFile(adopting: descriptor, path: job.path)
            if case .make(_, let clip) = job {
                return .success(.made(try make(file, clip, stamp)))
            }
            return .success(
                .surveyed(try VideoSurvey(file, timeoutSeconds: timeoutSeconds)))
        } catch let error as DecodeError {
            return .failure(ClipFault(error))
        } catch {
            return .failure(ClipFault(reason: "not-stored", stage: "store", detail: "\(error)"))
        }
    }

    /// Fetches a video that is behind a web address, or only what its server says about it.
    private func fetch(_ job: WorkerJob, into descriptor: Int32) throws -> RemoteStamp? {
        guard Clip(video: job.path).isRemote else { return nil }
        do {
            var video = try RemoteVideo(
                job.path, allowedHosts: redirectHosts, deadline: Deadline(seconds: timeoutSeconds))
            if case .stamp = job { return try video.stamp() }
            return try video.fetch(into: descriptor)
        } catch {
            close(descriptor)
            throw error
        }
    }

    private mutating func make(
        _ file: ReadableFile, _ window: Clip, _ stamp: RemoteStamp?
    ) throws -> MadeClip {
        let clip = try loader.load(file, clip: window)
        let hash = PerceptualHash(
            pixels: clip.pixels.span, numFrames: recipe.numFrames, size: recipe.imageSize)
        return MadeClip(
            receipt: clip.receipt, perceptualHash: hash,
            pixels: try SampleMember(
                name: ShardFormat.pixelMember, array: array(of: clip.pixels),
                compressor: compressor), remoteStamp: stamp)
    }

    private func array(of pixels: [UInt8]) -> NPYArray {
        if recipe.store == .uint8 {
            return NPYArray(elementType: .uint8, shape: recipe.shape, elements: pixels)
        }
        var values = [Float](repeating: 0, count: pixels.count)
        var span = values.mutableSpan
        normalization.normalize(pixels.span, into: &span)
        return NPYArray(elementType: recipe.store, shape: recipe.shape, values: values)
    }
}

extension NPYArray {
    /// An array of `elementType` that holds `values`, which must be float16 or float32.
    init(elementType: ElementType, shape: [Int], values: [Float]) {
        switch elementType {
        case .float16:
            var halves = [UInt16](repeating: 0, count: values.count)
            var span = halves.mutableSpan
            _ = floatToHalf(values.span, into: &span)
            self.init(
                elementType: .float16, shape: shape, elements: halves.span.bytes.copiedBytes())
        case .float32:
            self.init(
                elementType: .float32, shape: shape, elements: values.span.bytes.copiedBytes())
        case .uint8:
            preconditionFailure("normalised values do not fit uint8")
        }
    }
}

extension RawSpan {
    /// The bytes as an array, in memory order.
    func copiedBytes() -> [UInt8] {
        withUnsafeBytes { Array($0) }
    }
}
