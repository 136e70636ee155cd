public import ArgumentParser
import Manifests
import Pipelines
public import Shards
public import VideoDecoding

struct BuildShardsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "build-shards",
        abstract: "Decodes, samples, resizes and stores every clip of a manifest.",
        discussion: """
            MANIFEST is a CSV file with the columns video and label, and optionally split, prompt, \
            start, end, group and id. A row that cannot be stored becomes a row of quarantine.csv with the \
            reason; the run goes on. The same command goes on where an interrupted one stopped. With the \
            quarantine.csv of a dataset as MANIFEST just those rows are tried again, into the dataset.
            """)

    @Argument(help: "CSV file with one row per clip.")
    var manifest: String

    @Option(help: "Dataset directory (default: cache/<manifest name>).")
    var out: String?

    @Option(help: "Frames per clip.")
    var frames = 8

    @Option(help: "Height and width of the stored pictures, in pixels.")
    var imageSize = 224

    @Option(help: "Which frames: linspace (first to last), floor or middle of equal parts.")
    var sampling = FrameSampling.linspace

    @Option(
        help: "Element type: uint8 (resized pixels, lossless), float16 or float32 (normalised).")
    var store = ElementType.uint8

    @Option(help: "Clips per shard.")
    var shardClips = 256

    @Option(help: "Fractions of train, validation and test for rows without a split.")
    var split = "0.8,0.1,0.1"

    @Option(help: "Seed of the split.")
    var seed: UInt64 = 42

    @Option(help: "Folder that relative video paths start from (default: the manifest's).")
    var root: String?

    @Option(help: "File with one class name per line (default: the labels, sorted).")
    var classes: String?

    @Option(help: "zstd compression level, 1 to 19.")
    var zstdLevel = 3

    @Option(help: "Time limit of one clip, in seconds.")
    var timeout = 60.0

    @Flag(help: "Store frames as coded, ignoring rotation flags.")
    var noAutorotate = false

    @Flag(help: "Exit with code 2 if any row is quarantined.")
    var strict = false

    @Flag(help: "Replace a dataset that was built with other settings.")
    var overwrite = false

    @Flag(help: "Store what can be decoded of damaged videos; their receipts say what is wrong.")
    var keepDamaged = false

    @OptionGroup var isolation: IsolationOptions
    @OptionGroup var task: TaskOptions
    @OptionGroup var run: RunOptions

    func validate() throws {
        let ranges: [(String, Int, ClosedRange<Int>)] = [
            ("--frames", frames, 1...4096), ("--image-size", imageSize, 1...4096),
            ("--shard-clips", shardClips, 1...1_000_000), ("--zstd-level", zstdLevel, 1...19),
        ]
        for (name, value, range) in ranges where !range.contains(value) {
            throw ValidationError(
                "\(name) must be from \(range.lowerBound) to \(range.upperBound); it is \(value).")
        }
        guard timeout > 0, timeout.isFinite else {
            throw ValidationError("--timeout must be more than 0 seconds.")
        }
        do {
            _ = try SplitFractions(split)
        } catch {
            throw ValidationError("\(error)")
        }
    }

    func run() async throws {
        let options = try makeOptions()
        let build = try BuildShards(options: options)
        let summary = try await withStopSignal { stop in
            let reporter = ProgressReporter(title: "clips")
            return try await build.run(stop: stop, progress: reporter.report)
        }
        try printSummary(summary, directory: options.outputDirectory, asJSON: run.json)
        if strict, summary.quarantined > 0 { throw ExitCode(2) }
    }

    private func makeOptions() throws -> BuildShardsOptions {
        var options: BuildShardsOptions
        if let retry = try BuildShardsOptions(
            retrying: manifest, output: out, root: root, jobs: run.jobCount)
        {
            writeToStandardError(
                "Trying the rows of \(manifest) again, with the settings of their dataset.\n")
            options = retry
        } else {
            options = BuildShardsOptions(
                manifestPath: manifest,
                outputDirectory: out ?? DatasetLocation.dataset(ofManifest: manifest),
                splitFractions: try SplitFractions(split), jobs: run.jobCount)
            options.rootDirectory = root
            options.classesPath = classes
            options.numFrames = frames
            options.imageSize = imageSize
            options.sampling = sampling
            options.store = store
            options.autorotate = !noAutorotate
            options.shardClips = shardClips
            options.seed = seed
            options.zstdLevel = zstdLevel
            options.keepsDamaged = keepDamaged
        }
        options.timeoutSeconds = timeout
        options.partition = task.partition
        options.overwrite = overwrite
        options.isolation = isolation.isolation
        return options
    }
}

extension FrameSampling: ExpressibleByArgument {}
extension ElementType: ExpressibleByArgument {}

/// Prints what a stage did, for people or as JSON.
func printSummary(_ summary: StageSummary, directory: String, asJSON: Bool) throws {
    if asJSON {
        try printJSON(summary)
        return
    }
    var parts = [
        "\(summary.rows) rows: \(summary.stored) stored, \(summary.quarantined) quarantined",
        "\(summary.clipsPerSecond.formatted(decimals: 1)) clips/s",
    ]
    if let gflops = summary.gflops { parts.append("\(gflops.formatted(decimals: 0)) GFLOP/s") }
    parts += ["\((Double(summary.bytes) / 1e6).formatted(decimals: 1)) MB", directory]
    print(parts.joined(separator: " · "))
    for (reason, count) in summary.reasons.sorted(by: { $0.key < $1.key }) {
        writeToStandardError("  quarantined: \(count) × \(reason)\n")
    }
    if let pairs = summary.nearDuplicates {
        writeToStandardError(
            "  \(pairs) pairs of clips look alike though their splits or labels differ: "
                + "\(directory)/\(ShardFormat.nearDuplicatesName)\n")
    }
    if summary.quarantined > 0 {
        writeToStandardError(
            "  Each row and its reason: \(directory)/\(ShardFormat.quarantineName)\n")
    }
}
