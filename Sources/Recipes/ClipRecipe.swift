import Files

/// Every setting that decides the bytes of a stored clip.
///
/// Handed whole to workers, recorded in `dataset.json` and in runs; equal recipes and equal sources
/// give equal samples. A value that this program does not know cannot be decoded.
public struct ClipRecipe: Sendable, Hashable, Codable {
    /// Frames per clip, T.
    public var numFrames = 8
    /// Height and width of the stored pictures in pixels.
    public var imageSize = 224
    /// Which T frames of a clip are taken.
    public var sampling = FrameSampling.linspace
    /// How a frame becomes a square.
    public var resize = ResizeMode.squash
    /// Whether frames are turned upright as the file's display matrix says.
    public var autorotate = true
    /// Element type of the stored pixels; uint8 before normalisation, floats after it.
    public var store = ElementType.uint8
    /// Whether what can be decoded of damaged videos is stored; the receipts say what is wrong.
    public var keepsDamaged = false
    /// zstd's compression level, 1…22, of which `--zstd-level` takes 1…19.
    public var zstdLevel = 1

    /// Starts from the defaults.
    public init() {}

    /// Extents of the stored array, (C, T, H, W).
    public var shape: [Int] { [3, numFrames, imageSize, imageSize] }

    /// Whether its numbers are in the supported ranges, and a picture fills the square cut from it.
    public var isPlausible: Bool {
        guard case .crop(let edge?) = resize, edge < imageSize else {
            return 1...1 << 16 ~= numFrames && 1...1 << 14 ~= imageSize && 1...22 ~= zstdLevel
        }
        return false
    }
}

/// Every setting that decides the bytes of a clip's features, its pixels aside.
public struct FeatureRecipe: Sendable, Hashable, Codable {
    /// sha256 over the encoder's configuration and weights, in hex.
    public var modelHash: String
    /// Number format of the encoder's matrix products.
    public var precision: VisionPrecision
    /// Blocks of an int8 encoder that are computed in bfloat16.
    public var bfloat16Blocks: [Int] = []
    /// Tokens kept of each frame.
    public var tokens: TokenSelection
    /// Library and instruction set of the products, which decide the last bits.
    public var instructionSet: String

    /// Creates the recipe of an encoder without blocks in another precision.
    public init(
        modelHash: String, precision: VisionPrecision, tokens: TokenSelection,
        instructionSet: String
    ) {
        self.modelHash = modelHash
        self.precision = precision
        self.tokens = tokens
        self.instructionSet = instructionSet
    }
}
