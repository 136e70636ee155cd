import Files
public import Models
public import Recipes
import Shards
import Synchronization
import Tensors

/// The frozen encoder of a feature dataset: what is recorded of it, and the encoder itself, which
/// is loaded when the first clip needs it.
public final class FeatureEncoding: Sendable {
    /// What decides the bytes of features.
    public let recipe: FeatureRecipe
    /// Name of the model.
    public let modelName: String
    /// The model as it is found again, from any working directory.
    public let modelPath: String
    /// Tokens kept of a frame and their width, (L, D).
    let frameShape: [Int]
    /// How the encoder wants uint8 pixels.
    let normalization: DatasetDescription.Normalization
    private let find: @Sendable () throws(ModelError) -> ModelDirectory
    private let loaded = Mutex<(model: ModelDirectory, encoder: FrameEncoder, rate: Double)?>(nil)

    /// The encoder `model`, to be used by `recipe`.
    public init(model: ModelDirectory, recipe: FeatureRecipe) {
        self.recipe = recipe
        modelName = model.name
        modelPath = model.reference
        frameShape = model.frameShape(recipe.tokens)
        let processor = model.imageProcessor
        normalization = .init(
            imageMean: processor.imageMean, imageStd: processor.imageStd,
            rescaleFactor: processor.rescaleFactor)
        find = { () throws(ModelError) in model }
    }

    /// The encoder that made the features of `description`, which is looked for at `given`, or
    /// where it was, when it is needed.
    init(
        recorded: RecordedModel, given: String?, recipe: FeatureRecipe,
        description: DatasetDescription
    ) {
        self.recipe = recipe
        normalization = description.normalization
        modelName = recorded.name
        modelPath = recorded.path
        frameShape = Array(description.array.shape.dropFirst())
        find = { () throws(ModelError) in
            try ModelDirectory.resolve(given, recorded: recorded)
                .interpolatingPositions(to: description.clipRecipe.imageSize)
        }
    }

    /// The recipe of `model` on this machine.
    /// - Throws: `ModelError.file` if the weights cannot be read.
    public static func recipe(
        of model: ModelDirectory, precision: VisionPrecision, tokens: TokenSelection
    ) throws(ModelError) -> FeatureRecipe {
        FeatureRecipe(
            modelHash: try model.contentHash(), precision: precision, tokens: tokens,
            instructionSet: MathLibrary.name)
    }

    /// The encoder, loaded at the first call.
    /// - Throws: `ModelError` if it cannot be found or loaded, `PipelineError.otherRecipe` if this
    ///   machine would give other bits.
    func encoder() throws -> FrameEncoder {
        try loaded.withLock { loaded in
            if let loaded { return loaded.encoder }
            guard recipe.instructionSet == MathLibrary.name else {
                throw PipelineError.otherRecipe(
                    path: modelName,
                    differences: [
                        "instruction_set is \(recipe.instructionSet), here \(MathLibrary.name); "
                            + "`--isa` can make them the same"
                    ])
            }
            let model = try find()
            let encoder = try FrameEncoder(model: model, recipe: recipe)
            let rate = try model.measureProductRate(recipe.precision)
            loaded = (model, encoder, rate)
            return encoder
        }
    }

    /// Checks that pixels of `description` are what the encoder wants, as far as that is known
    /// before it is loaded.
    /// - Throws: `PipelineError.sizeMismatch`.
    func requireFit(to description: DatasetDescription) throws {
        // Recorded features were made from pixels of this recipe.
        guard let model = try? find() else { return }
        let (processor, recipe) = (model.imageProcessor, description.clipRecipe)
        guard recipe.imageSize == processor.imageSize, processor.resample == 3,
            recipe.resize == processor.resize
        else {
            throw PipelineError.sizeMismatch(
                dataset: "\(recipe.imageSize)-pixel pictures (resize \(recipe.resize.rawValue), "
                    + "bicubic)",
                model: "\(processor.imageSize)-pixel pictures (resize "
                    + "\(processor.resize.rawValue), "
                    + (processor.resample == 3
                        ? "bicubic)" : "resample filter \(processor.resample))"))
        }
        guard
            recipe.store == .uint8
                || (description.normalization.imageMean == processor.imageMean
                    && description.normalization.imageStd == processor.imageStd)
        else {
            throw PipelineError.sizeMismatch(
                dataset: "values normalised with mean \(description.normalization.imageMean)",
                model: "mean \(processor.imageMean)")
        }
    }

    /// 10⁹ floating-point operations a second of the encoding so far.
    func gflops(of step: FeatureShardWriting.Step) -> Double? {
        guard let loaded = loaded.withLock({ $0 }), step.seconds > 0 else { return nil }
        return Double(step.frames) * Double(loaded.encoder.flopsPerFrame) / step.seconds / 1e9
    }

    /// The rate of arithmetic, and its share of what this machine reaches in bare products.
    func describeRate(_ step: FeatureShardWriting.Step) -> String? {
        guard let gflops = gflops(of: step), let rate = loaded.withLock({ $0?.rate }) else {
            return nil
        }
        // A rate that was reached is possible, even if the short measurement gave a lower one.
        let share = 100 * gflops / max(rate, gflops)
        return "\(gflops.formatted(decimals: 0)) GFLOP/s "
            + "(\(share.formatted(decimals: 0)) % of the machine's)"
    }
}
