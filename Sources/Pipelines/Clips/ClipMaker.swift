import Preprocessing
import Shards
import Tensors
import VideoDecoding

/// What has to be known of a clip to decode it.
struct ClipJob: Sendable, Codable, Equatable {
    /// A local path or an http(s) address.
    let path: String
    /// Seconds from the first frame.
    let start: Double?
    let end: Double?
}

/// What a worker can be asked for.
enum WorkerJob: Sendable, Codable, Equatable {
    /// Decode a clip.
    case make(ClipJob)
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
    let reason: String
    let stage: String
    let detail: String
    /// How often the clip was tried.
    var attempts = 1
}

/// How decoded clips are stored.
struct ClipMakerOptions: Sendable, Codable, Equatable {
    let loader: ClipLoaderOptions
    let store: ElementType
    let zstdLevel: Int
    let normalization: DatasetDescription.Normalization
}

/// Video file to compressed array: decode, sample, resize, normalise where asked, compress.
///
/// Everything that touches a stranger's bytes happens here, which is why it runs in a process of
/// its own (`DecodeWorker`) unless the user asks otherwise.
struct ClipMaker: ~Copyable {
    private let options: ClipMakerOptions
    private let normalization: PixelNormalization
    private let compressor: ZstdCompressor
    private var loader: ClipLoader

    init(_ options: ClipMakerOptions) throws(ShardError) {
        self.options = options
        normalization = PixelNormalization(
            imageMean: options.normalization.imageMean, imageStd: options.normalization.imageStd,
            rescaleFactor: options.normalization.rescaleFactor)
        compressor = try ZstdCompressor(level: options.zstdLevel)
        loader = ClipLoader(options.loader)
    }

    /// Does one job; whatever goes wrong is the clip's fault, not an error of the run.
    mutating func run(_ job: WorkerJob) -> Result<WorkerResult, ClipFault> {
        do {
            switch job {
            case .make(let clip):
                return .success(.made(try make(clip)))
            case .survey(let path):
                let seconds = options.loader.timeoutSeconds
                return .success(.surveyed(try VideoSurvey(path: path, timeoutSeconds: seconds)))
            }
        } catch let error as DecodeError {
            return .failure(
                ClipFault(
                    reason: error.reason, stage: error.stage.rawValue, detail: "\(error)"))
        } catch {
            return .failure(ClipFault(reason: "not-stored", stage: "store", detail: "\(error)"))
        }
    }

    private mutating func make(_ job: ClipJob) throws -> MadeClip {
        let clip = try loader.load(path: job.path, start: job.start, end: job.end)
        let hash = PerceptualHash(
            pixels: clip.pixels.span, numFrames: options.loader.numFrames,
            size: options.loader.imageSize)
        return MadeClip(
            receipt: clip.receipt, perceptualHash: hash,
            pixels: try SampleMember(
                name: ShardFormat.pixelMember, array: array(of: clip.pixels),
                compressor: compressor))
    }

    private func array(of pixels: [UInt8]) -> NPYArray {
        let (numFrames, size) = (options.loader.numFrames, options.loader.imageSize)
        let shape = [3, numFrames, size, size]
        if options.store == .uint8 {
            return NPYArray(elementType: .uint8, shape: shape, elements: pixels)
        }
        var values = [Float](repeating: 0, count: pixels.count)
        var span = values.mutableSpan
        normalization.normalize(pixels.span, into: &span)
        return NPYArray(elementType: options.store, shape: shape, values: values)
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
