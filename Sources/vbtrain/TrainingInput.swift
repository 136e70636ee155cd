import Files
import Models
import Pipelines
import Recipes
import Shards
import Training

/// What a training learns from: features with their questions, and their encoder if it is there.
struct TrainingInput {
    /// The feature dataset, up to date with its pixels.
    let dataset: Dataset
    /// Questions to train on, at least one.
    let training: ShardDataset
    /// Questions to choose the best model by; may be none if no evaluation is asked for.
    let validation: ShardDataset
    /// The answers of all tasks.
    let outputs: ModelOutputs
    /// What the features were made with.
    let recorded: RecordedModel
    /// The encoder, whose Q-Former and tokenizer may be used; training itself needs none of it.
    let model: ModelDirectory?

    /// The dataset `shards`, or the features that were built last.
    static func open(_ shards: String?) throws -> Dataset {
        if let shards { return try Dataset(directory: shards) }
        return try DatasetLocation.latest(.features)
    }

    /// Extracts the features of `given`, or brings them up to date.
    /// - Parameters:
    ///   - given: A feature or pixel dataset.
    ///   - model: The encoder as the user named it.
    ///   - skipCorrupt: Whether damaged clips are left out.
    ///   - needsValidation: Whether a dataset without validation split is refused.
    ///   - stop: Asked while features are extracted.
    ///   - note: Says what is worth knowing.
    /// - Throws: `TrainingError.emptySplit`, and what opening, extracting and reading throw.
    init(
        _ given: Dataset, model: String?, skipCorrupt: Bool, needsValidation: Bool,
        stop: StopSignal, note: (String) -> Void
    ) throws {
        let reporter = ProgressReporter(title: "features")
        let dataset =
            switch given.description.kind {
            case .pixels:
                try extractFeatures(of: given, model: model, stop: stop, reporter: reporter)
            case .features:
                try bringUpToDate(given, model: model, stop: stop, reporter: reporter)
            }
        func questions(_ split: Split, isNeeded: Bool) throws -> ShardDataset {
            let questions = try ShardDataset(
                dataset: dataset, split: split, skippingCorrupt: skipCorrupt)
            guard questions.count > 0 || !isNeeded else {
                throw TrainingError.emptySplit(split: split.rawValue, dataset: dataset.directory)
            }
            return questions
        }
        training = try questions(.train, isNeeded: true)
        validation = try questions(.validation, isNeeded: needsValidation)
        outputs = ModelOutputs(dataset.description.tasks)
        recorded = try Pipelines.recordedModel(of: dataset)
        self.model = try Self.find(recorded, given: model, note: note)?
            .interpolatingPositions(to: dataset.description.clipRecipe.imageSize)
        self.dataset = dataset

        let skipped = Set(training.skippedKeys + validation.skippedKeys).sorted()
        if !skipped.isEmpty {
            note(
                "Left out: \(counted(skipped.count, "damaged clip")), \(skipped.joined(separator: ", ")). "
                    + "Restore them with `vbprep repair \(dataset.directory)`.")
        }
    }

    /// The model where the user says it is, else where it was; `nil` if it is not there any more.
    private static func find(
        _ recorded: RecordedModel, given: String?, note: (String) -> Void
    ) throws -> ModelDirectory? {
        do throws(ModelError) {
            return try ModelDirectory.resolve(given, recorded: recorded)
        } catch {
            switch error {
            case .notFound where given == nil, .otherModel where given == nil:
                note(
                    "The encoder \(recorded.name) is not at \(recorded.path) any more; "
                        + "features need none, but its Q-Former and tokenizer cannot be used.")
                return nil
            default: throw error
            }
        }
    }

    /// How pictures are preprocessed for the encoder.
    var imageProcessor: ImageProcessorConfiguration {
        if let model { return model.imageProcessor }
        let normalization = dataset.description.normalization
        var processor = ImageProcessorConfiguration.blip
        processor.imageSize = dataset.description.clipRecipe.imageSize
        processor.resize = dataset.description.clipRecipe.resize
        processor.imageMean = normalization.imageMean
        processor.imageStd = normalization.imageStd
        processor.rescaleFactor = normalization.rescaleFactor
        return processor
    }
}
