import Preprocessing
public import VideoDecoding

/// The sampled, resized frames of one clip.
public struct LoadedClip: Sendable {
    /// UInt8 (C, T, H, W), C = 3, H = W = the image size, before normalisation.
    public let pixels: [UInt8]
    /// How the frames came about.
    public let receipt: ClipReceipt
}

/// How a video becomes frames of one size.
public struct ClipLoaderOptions: Sendable, Codable, Equatable {
    /// Frames per clip, T.
    public var numFrames: Int
    /// Height and width of the result, in pixels.
    public var imageSize: Int
    /// Where the frames lie.
    public var sampling: FrameSampling
    /// Whether to turn frames upright as the file's display matrix says.
    public var autorotate: Bool
    /// Seconds that one clip may take.
    public var timeoutSeconds: Double
    /// Whether damaged frames are stored, too; the receipt counts them.
    public var keepsDamaged = false

    /// The pictures of larger videos than this are refused: 16,384 × 16,384.
    static let maximumPixels = 1 << 28

    /// Options for clips of `numFrames` pictures of `imageSize` × `imageSize` pixels.
    public init(
        numFrames: Int, imageSize: Int, sampling: FrameSampling, autorotate: Bool,
        timeoutSeconds: Double
    ) {
        self.numFrames = numFrames
        self.imageSize = imageSize
        self.sampling = sampling
        self.autorotate = autorotate
        self.timeoutSeconds = timeoutSeconds
    }
}

/// Takes videos from their files to resized pixels, one after the other.
///
/// Keeps scaler and filter tables between clips. Not shared: each worker has its own.
public struct ClipLoader: ~Copyable {
    private let options: ClipLoaderOptions
    private var decoder = ClipDecoder()
    private var resizer: BicubicResize?

    /// Makes a loader; files are opened by `load`.
    public init(_ options: ClipLoaderOptions) {
        self.options = options
    }

    /// Decodes, samples and resizes the clip of `path` between `start` and `end`.
    /// - Parameters:
    ///   - path: A local path or an http(s) address.
    ///   - start: Seconds from the first frame; `nil` means the first frame.
    ///   - end: Seconds from the first frame, not included; `nil` means after the last frame.
    /// - Returns: The pixels and the receipt.
    /// - Throws: The first reason why the clip cannot be delivered whole.
    public mutating func load(
        path: String, start: Double? = nil, end: Double? = nil
    ) throws(DecodeError) -> LoadedClip {
        let (numFrames, imageSize) = (options.numFrames, options.imageSize)
        var request = ClipRequest(
            path: path, startSeconds: start, endSeconds: end, numFrames: numFrames,
            sampling: options.sampling, autorotate: options.autorotate,
            timeoutSeconds: options.timeoutSeconds, maxPixels: ClipLoaderOptions.maximumPixels)
        request.keepsDamaged = options.keepsDamaged
        var pixels = [UInt8](repeating: 0, count: 3 * numFrames * imageSize * imageSize)
        var resizer = self.resizer.take()
        let receipt = try decoder.decode(request) { slots, frame in
            if resizer?.sourceWidth != frame.width || resizer?.sourceHeight != frame.height {
                resizer = BicubicResize(
                    sourceWidth: frame.width, sourceHeight: frame.height, size: imageSize)
            }
            var destination = pixels.mutableSpan
            resizer?.resize(
                frame.pixels.span, into: &destination, slots: slots, numFrames: numFrames)
        }
        self.resizer = resizer
        return LoadedClip(pixels: pixels, receipt: receipt)
    }
}
