public import ArgumentParser
import CommandSupport
import Files
import Models
import Pipelines
public import Recipes
import Shards
import Tensors

struct ExtractFeaturesCommand: AsyncParsableCommand {
    enum Precision: String, ExpressibleByArgument, CaseIterable {
        case auto, float32, bfloat16, int8

        /// What `auto` means on this machine.
        var resolved: VisionPrecision {
            switch self {
            case .auto: .automatic
            case .float32: .float32
            case .bfloat16: .bfloat16
            case .int8: .int8
            }
        }
    }

    static let configuration = CommandConfiguration(
        commandName: "extract-features",
        abstract: "Runs the frozen ViT over pixel shards, each distinct frame once.",
        discussion: """
            MODEL is a directory in Hugging Face layout (config.json, *.safetensors), an owner/name \
            in the local Hugging Face cache, or preset:NAME (tiny, blip2) with random weights. \
            Without it: $VBPREP_MODEL, else the only directory in models/.
            """)

    @Option(help: "Pixel dataset (default: the one built last in cache/).")
    var shards: String?

    @Option(help: "Frozen encoder; see above.")
    var model: String?

    @Option(help: "Feature dataset directory (default: <shards>-features).")
    var out: String?

    @Option(
        help: """
            Number format of the encoder's products: float32, bfloat16, int8, or auto (bfloat16 \
            where the processor has it). int8 keeps blocks that are sensitive to its rounding \
            in bfloat16, and reports how close it comes to float32.
            """)
    var precision = Precision.auto

    @Option(
        help: """
            Tokens of a frame to keep: all, cls, or pool2 (CLS and the means of 2 × 2 patches: a \
            quarter of the bytes and of the training time).
            """)
    var tokens = TokenSelection.all

    @Flag(
        help: """
            Accept pictures of a size other than the model's: interpolate its position embeddings \
            (bicubic, as in transformers). Half the size costs a quarter of the time.
            """)
    var interpolatePositions = false

    @OptionGroup var math: MathOptions

    @Flag(help: "Only print what it would cost, from a short measurement of this machine.")
    var dryRun = false

    @Flag(help: "Replace features of another model or recipe.")
    var overwrite = false

    @OptionGroup var task: TaskOptions
    @OptionGroup var run: RunOptions

    func validate() throws {
        try requireNotEmpty(["--shards": shards, "--model": model, "--out": out])
    }

    func run() async throws {
        MathThreads.set(run.jobCount)
        let dataset =
            if let shards {
                try Dataset(directory: shards)
            } else {
                try DatasetLocation.latest(.pixels)
            }
        try dataset.require(.pixels)
        let output = out ?? DatasetLocation.features(of: dataset.directory)
        guard absolutePath(output) != absolutePath(dataset.directory) else {
            throw ValidationError(
                "--out is \(output), the dataset of the pixels; name another directory.")
        }
        var found = try ModelDirectory.resolve(
            model, recorded: overwrite || model != nil ? nil : recordedModel(at: output))
        if interpolatePositions {
            found = try found.interpolatingPositions(
                to: dataset.description.clipRecipe.imageSize)
        }
        var recipe = try FeatureEncoding.recipe(
            of: found, precision: precision.resolved, tokens: tokens)
        if dryRun {
            let estimate = try FeatureEstimate(dataset: dataset, model: found, recipe: recipe)
            if run.json { try printJSON(estimate) } else { print(estimate) }
            return
        }
        var options = ExtractFeatures.Options(
            outputDirectory: output)
        options.partition = task.partition()
        options.overwrite = overwrite
        let reporter = ProgressReporter(title: "features")
        reporter.note(
            "\(dataset.directory) through \(found.name) in \(recipe.precision.rawValue)")
        if let ignored = found.ignoredTensors(beside: .encoder) { reporter.note(ignored) }
        if found.hasRandomWeights {
            reporter.note(
                "WARNING: \(found.name) has random weights; its features are for tests only.")
        }
        if recipe.precision == .int8 {
            recipe.bfloat16Blocks = try sensitiveBlocks(
                dataset, found, options.outputDirectory, reporter)
        }
        let extraction = try ExtractFeatures(
            pixels: dataset, encoding: FeatureEncoding(model: found, recipe: recipe),
            options: options)
        let summary = try await withStopSignal { stop in
            try extraction.run(stop: stop, progress: reporter.report)
        }
        try printSummary(summary, directory: options.outputDirectory, asJSON: run.json)
    }

    /// The encoder of features that are there already.
    private func recordedModel(at output: String) -> RecordedModel? {
        (try? Dataset(directory: output)).flatMap { try? Pipelines.recordedModel(of: $0) }
    }

    /// The blocks that int8 does not suit: as recorded, so that new clips are encoded like the
    /// others, else as the first clips show.
    private func sensitiveBlocks(
        _ dataset: Dataset, _ model: ModelDirectory, _ output: String,
        _ reporter: ProgressReporter
    ) throws -> [Int] {
        if !overwrite, let made = try? Dataset(directory: output).description.featureRecipe,
            made.precision == .int8
        {
            return made.bfloat16Blocks
        }
        let report = try FidelityReport(dataset: dataset, model: model)
        reporter.note("\(report)")
        return report.bfloat16Blocks
    }
}

extension TokenSelection: ExpressibleByArgument {}
