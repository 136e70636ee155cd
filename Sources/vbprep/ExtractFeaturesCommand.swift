public import ArgumentParser
public import Models
import Pipelines
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
            Numbers in which the encoder multiplies: float32, bfloat16, int8, or auto (bfloat16 \
            where the processor has it). int8 leaves the blocks that it hurts on the first clips \
            in bfloat16, and reports what it does to them.
            """)
    var precision = Precision.auto

    @Option(
        help: """
            Tokens of a frame to keep: all, cls, or pool2 (CLS and the means of 2 × 2 patches: a \
            quarter of the bytes and of the training time).
            """)
    var tokens = TokenSelection.all

    @Flag(help: "Only print what it would cost, from a short measurement of this machine.")
    var dryRun = false

    @Flag(help: "Replace features that another model made.")
    var overwrite = false

    @OptionGroup var task: TaskOptions
    @OptionGroup var run: RunOptions

    func run() async throws {
        MathThreads.set(run.jobCount)
        let dataset =
            if let shards {
                try Dataset(directory: shards)
            } else {
                try DatasetLocation.latest(.pixels)
            }
        try dataset.require(.pixels)
        let directory = try ModelDirectory.resolve(
            model, recorded: dataset.description.encoder?.model, modelsDirectory: "models")
        var options = ExtractFeatures.Options(
            outputDirectory: out ?? DatasetLocation.features(of: dataset.directory))
        options.partition = task.partition
        options.precision = precision.resolved
        options.tokens = tokens
        options.overwrite = overwrite

        if dryRun {
            let estimate = try FeatureEstimate(
                dataset: dataset, model: directory, options: options)
            if run.json { try printJSON(estimate) } else { print(estimate) }
            return
        }
        let reporter = ProgressReporter(title: "features")
        reporter.note(
            "\(dataset.directory) through \(directory.name) in \(options.precision.rawValue)")
        if options.precision == .int8 {
            let report = try FidelityReport(dataset: dataset, model: directory)
            options.bfloat16Blocks = report.bfloat16Blocks
            reporter.note("\(report)")
        }
        let extraction = try ExtractFeatures(dataset: dataset, model: directory, options: options)
        let summary = try await withStopSignal { stop in
            try extraction.run(stop: stop, progress: reporter.report)
        }
        try printSummary(summary, directory: options.outputDirectory, asJSON: run.json)
    }
}

extension TokenSelection: ExpressibleByArgument {}
