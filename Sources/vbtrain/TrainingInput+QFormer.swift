import Models
import Pipelines
import Recipes
import Shards
import Training

extension TrainingInput {
    /// Refuses what will not fit before features are extracted: prompts that nobody would read,
    /// options that contradict each other.
    /// - Parameters:
    ///   - dataset: What the user named, pixels or features.
    ///   - model: The encoder as the user named it.
    ///   - options: What the user says about the Q-Former.
    ///   - bert: Where it takes its words from.
    ///   - wordings: Those of `--prompts`.
    /// - Returns: Whether any question has a prompt.
    /// - Throws: What `QFormerChoice` throws, `ModelError`, `ShardError`.
    static func check(
        _ dataset: Dataset, model: String?, _ options: QFormerOptions, bert: TextInitialization?,
        wordings: PromptWordings?
    ) throws -> Bool {
        let hasPrompts =
            try wordings != nil
            || QuestionsFile(of: dataset).rows.contains { !$0.prompt.isEmpty }
        try wordings?.requireFit(of: dataset, ignoresPrompts: options.ignoresPrompts)
        let (own, width) = try ownQFormer(of: dataset, model: model)
        _ = try QFormerChoice(
            options, own: own, encoderWidth: width,
            numFrames: dataset.description.clipRecipe.numFrames, hasPrompts: hasPrompts, bert: bert)
        return hasPrompts
    }

    /// The Q-Former of the encoder, and the width of its tokens; only headers are read.
    private static func ownQFormer(
        of dataset: Dataset, model: String?
    ) throws -> (QFormerConfiguration?, width: Int) {
        var features = dataset.description.kind == .features ? dataset : nil
        if features == nil, model == nil {
            features = try? Dataset(directory: DatasetLocation.features(of: dataset.directory))
        }
        guard let features, let width = features.description.array.shape.last else {
            let found = try ModelDirectory.resolve(model)
            return (found.qformer, found.encoderWidth)
        }
        let recorded = try Pipelines.recordedModel(of: features)
        return ((try? ModelDirectory.resolve(model ?? recorded.path))?.qformer, width)
    }

    /// A model of the shape `choice`, with the weights that it begins with.
    func makeClassifier(
        _ choice: QFormerChoice, bert: QFormerArguments.BERT?, seed: UInt64,
        note: (String) -> Void
    ) throws -> VideoClassifier {
        if choice.isPretrained, let model {
            if let ignored = model.ignoredTensors(beside: .qformer) { note(ignored) }
            return try VideoClassifier(
                qformerOf: model, choice.configuration, numClasses: outputs.count, seed: seed)
        }
        var classifier = VideoClassifier(
            configuration: choice.configuration, numClasses: outputs.count, seed: seed)
        if let bert { try classifier.start(from: bert.weights, bert.layers) }
        return classifier
    }

    /// Paths of the files of the tokenizer for a Q-Former of the shape `choice`.
    func tokenizerFiles(_ choice: QFormerChoice, bert: QFormerArguments.BERT?) throws -> [String] {
        guard choice.configuration.text != nil else { return [] }
        if choice.isPretrained { return model?.tokenizerFiles ?? [] }
        return try bert?.weights.tokenizerFiles ?? [BundledVocabulary.path()]
    }
}
