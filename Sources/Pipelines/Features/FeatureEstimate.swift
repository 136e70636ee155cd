import Files
public import Models
public import Recipes
public import Shards
import Tensors

/// What `extract-features` would cost, from a short measurement of this machine.
public struct FeatureEstimate: Sendable, Codable, Equatable {
    /// Clips to encode, unless an earlier run has finished some.
    public let clips: Int
    /// Frames of those clips; repeated pictures are encoded once, so this is the most.
    public let frames: Int
    /// In which numbers the encoder would multiply.
    public let precision: String
    /// 10⁹ floating-point operations a frame.
    public let gflopPerFrame: Double
    /// 10⁹ floating-point operations a second that this machine reaches in the encoder's products.
    public let gflops: Double
    /// Seconds for all frames at nine tenths of that rate.
    public let seconds: Double
    /// Bytes of the features.
    public let bytes: Int

    /// Measures the products of `model` for about a second.
    /// - Throws: `ModelError.precisionUnavailable`, `PipelineError.sizeMismatch`.
    public init(
        dataset: Dataset, model: ModelDirectory, recipe: FeatureRecipe
    ) throws {
        try FeatureEncoding(model: model, recipe: recipe).requireFit(to: dataset.description)
        clips = dataset.description.numClips
        frames = clips * dataset.description.clipRecipe.numFrames
        precision = recipe.precision.rawValue
        gflopPerFrame = Double(model.flopsPerFrame) / 1e9
        gflops = try model.measureProductRate(recipe.precision)
        seconds = Double(frames) * gflopPerFrame / (0.9 * gflops)
        bytes = 2 * frames * model.frameShape(recipe.tokens).reduce(1, *)
    }
}

extension FeatureEstimate: CustomStringConvertible {
    /// The estimate in one line.
    public var description: String {
        "\(counted(clips, "clip")), at most \(counted(frames, "frame")) of "
            + "\(gflopPerFrame.formatted(decimals: 1)) GFLOP: about \(clockTime(seconds)) "
            + "at \(gflops.formatted(decimals: 0)) GFLOP/s in \(precision); "
            + "\((Double(bytes) / 1e6).formatted(decimals: 1)) MB"
    }
}
