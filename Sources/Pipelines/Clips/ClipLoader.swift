import Files
import Preprocessing
public import Recipes
public import VideoDecoding

/// The sampled, resized frames of one clip.
public struct LoadedClip: Sendable {
    /// UInt8 (C, T, H, W), C = 3, H = W = the image size, before normalisation.
    public let pixels: [UInt8]
    /// How the frames came about.
    public let receipt: ClipReceipt
}

/// Takes videos from their files to resized pixels, one after the other.
///
/// Keeps scaler and filter tables between clips. Not shared: each worker has its own.
public struct ClipLoader: ~Copyable {
    private let recipe: ClipRecipe
    private let timeoutSeconds: Double
    private var decoder = ClipDecoder()
    private var resizer: BicubicResize?

    /// The pictures of larger videos than this are refused: 16,384 × 16,384.
    private static let maximumPixels = 1 << 28

    /// Makes a loader that takes up to `timeoutSeconds` of processor time for each clip.
    public init(_ recipe: ClipRecipe, timeoutSeconds: Double) {
        self.recipe = recipe
        self.timeoutSeconds = timeoutSeconds
    }

    /// Decodes, samples and resizes a clip.
    /// - Parameters:
    ///   - path: A local path or an http(s) address.
    ///   - clip: Its window; `nil` means the whole video.
    /// - Returns: The pixels and the receipt.
    /// - Throws: `DecodeError`, as `ClipDecoder.decode`.
    public mutating func load(
        path: String, clip: Clip? = nil
    ) throws(DecodeError) -> LoadedClip {
        try load(
            ClipRequest(
                path: path, clip: clip ?? Clip(video: path), recipe: recipe,
                timeoutSeconds: timeoutSeconds, maxPixels: Self.maximumPixels))
    }

    /// Decodes, samples and resizes a clip of an open file.
    mutating func load(_ file: ReadableFile, clip: Clip) throws(DecodeError) -> LoadedClip {
        var request = ClipRequest(
            path: file.path, clip: clip, recipe: recipe, timeoutSeconds: timeoutSeconds,
            maxPixels: Self.maximumPixels)
        request.file = file
        return try load(request)
    }

    private mutating func load(_ request: ClipRequest) throws(DecodeError) -> LoadedClip {
        var pixels = [UInt8](repeating: 0, count: recipe.shape.reduce(1, *))
        var resizer = self.resizer.take()
        let receipt = try decoder.decode(request) { slots, frame in
            if resizer?.sourceWidth != frame.width || resizer?.sourceHeight != frame.height {
                resizer = BicubicResize(
                    sourceWidth: frame.width, sourceHeight: frame.height, size: recipe.imageSize,
                    mode: recipe.resize)
            }
            var destination = pixels.mutableSpan
            resizer?.resize(
                frame.pixels.span, into: &destination, slots: slots, numFrames: recipe.numFrames)
        }
        self.resizer = resizer
        return LoadedClip(pixels: pixels, receipt: receipt)
    }
}
