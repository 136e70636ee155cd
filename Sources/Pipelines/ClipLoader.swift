import Preprocessing
public import VideoDecoding

/// The sampled, resized frames of one clip.
public struct LoadedClip: Sendable {
    /// UInt8 (C, T, H, W), C = 3, H = W = the image size, before normalisation.
    public let pixels: [UInt8]
    public let receipt: ClipReceipt
}

/// Takes a video from its file to resized pixels.
public struct ClipLoader: Sendable {
    /// Frames per clip, T.
    public let numFrames: Int
    /// Height and width of the result.
    public let imageSize: Int
    public let sampling: FrameSampling
    public let autorotate: Bool
    public let timeoutSeconds: Double

    /// The pictures of larger videos than this are refused: 16,384 × 16,384.
    static let maximumPixels = 1 << 28

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

    /// Decodes, samples and resizes the clip of `path` between `start` and `end` (seconds from the first frame).
    public func load(
        path: String, start: Double? = nil, end: Double? = nil
    ) throws(DecodeError) -> LoadedClip {
        let request = ClipRequest(
            path: path, startSeconds: start, endSeconds: end, numFrames: numFrames,
            sampling: sampling, autorotate: autorotate, timeoutSeconds: timeoutSeconds,
            maxPixels: Self.maximumPixels)
        var pixels = [UInt8](repeating: 0, count: 3 * numFrames * imageSize * imageSize)
        var resizer: BicubicResize?
        var decoder = ClipDecoder()
        let receipt = try decoder.decode(request) { slots, frame in
            if resizer?.sourceWidth != frame.width || resizer?.sourceHeight != frame.height {
                resizer = BicubicResize(
                    sourceWidth: frame.width, sourceHeight: frame.height, size: imageSize)
            }
            var destination = pixels.mutableSpan
            resizer?.resize(
                frame.pixels.span, into: &destination, slots: slots, numFrames: numFrames)
        }
        return LoadedClip(pixels: pixels, receipt: receipt)
    }
}
