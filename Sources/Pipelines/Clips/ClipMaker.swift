import Models
import Preprocessing
import Recipes
import Shards
import Tensors
import VideoDecoding

/// What a worker can be asked for.
enum WorkerJob: Sendable, Codable, Equatable {
    /// Decode a clip of the video at `path`, a local path or an http(s) address.
    case make(path: String, Clip)
    /// Look at the packets of a video.
    case survey(path: String)
}

/// What comes of a job.
enum WorkerResult: Sendable {
    case made(MadeClip)
    case surveyed(VideoSurvey)
}

/// A decoded clip, ready to be stored.
struct MadeClip: Sendable {
    let receipt: ClipReceipt
    let perceptualHash: PerceptualHash
    /// The compressed array.
    let pixels: SampleMember
}

/// Why a clip is not stored, in the words of `quarantine.csv`.
struct ClipFault: Error, Sendable, Codable, Equatable {
    /// What ended the clip, as far as it matters whether to try again.
    enum Kind: String, Sendable, Codable {
        /// Something about the clip's content.
        case content
        /// The worker died of the clip, or was killed from outside.
        case crash
        /// The time limit.
        case timeout
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
        reason: "damaged-sample", stage: "store",
        detail: "The stored sample is damaged and its video is gone; restore the video.")

    /// What ended a clip that may do better next time.
    static let crashReason = "decoder-crashed"
    static let timeoutReason = "timeout"
    static let retriedReasons: Set<String> = [crashReason, timeoutReason, damagedSample.reason]
}

/// Video file to compressed array: decode, sample, resize, normalise where asked, compress.
///
/// Everything that touches a stranger's bytes happens here, which is why it runs in a process of
/// its own (`DecodeWorker`) unless the user asks otherwise.
struct ClipMaker: ~Copyable {
    private let recipe: ClipRecipe
    private let timeoutSeconds: Double
    private let normalization: PixelNormalization
    private let compressor: ZstdCompressor
    private var loader: ClipLoader

    init(_ recipe: ClipRecipe, timeoutSeconds: Double) throws(ShardError) {
        self.recipe = recipe
        self.timeoutSeconds = timeoutSeconds
        normalization = PixelNormalization(.blip)
        compressor = try ZstdCompressor(level: recipe.zstdLevel)
        loader = ClipLoader(recipe, timeoutSeconds: timeoutSeconds)
    }

    /// Does one job; whatever goes wrong is the clip's fault, not an error of the run.
    mutating func run(_ job: WorkerJob) -> Result<WorkerResult, ClipFault> {
        do {
            switch job {
            case .make(let path, let clip):
                return .success(.made(try make(path, clip)))
            case .survey(let path):
                let survey = try VideoSurvey(path: path, timeoutSeconds: timeoutSeconds)
                return .success(.surveyed(survey))
            }
        } catch let error as DecodeError {
            let isTimeout = if case .timeout = error { true } else { false }
            return .failure(
                ClipFault(
                    kind: isTimeout ? .timeout : .content, reason: error.reason,
                    stage: error.stage.rawValue, detail: "\(error)"))
        } catch {
            return .failure(ClipFault(reason: "not-stored", stage: "store", detail: "\(error)"))
        }
    }

    private mutating func make(_ path: String, _ window: Clip) throws -> MadeClip {
        let clip = try loader.load(path: path, clip: window)
        let hash = PerceptualHash(
            pixels: clip.pixels.span, numFrames: recipe.numFrames, size: recipe.imageSize)
        return MadeClip(
            receipt: clip.receipt, perceptualHash: hash,
            pixels: try SampleMember(
                name: ShardFormat.pixelMember, array: array(of: clip.pixels),
                compressor: compressor))
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
