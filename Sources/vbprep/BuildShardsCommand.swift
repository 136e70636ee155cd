public import ArgumentParser
import CommandSupport
import Files
import Foundation
import Manifests
import Pipelines
public import Recipes
import Reports
import Shards

struct BuildShardsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "build-shards",
        abstract: "Decodes, samples, resizes and stores every clip of a manifest.",
        discussion: """
            MANIFEST is a CSV or TSV file with the columns video and label, and optionally task, prompt, \
            split, start, end, group and id; or a folder with one folder per class. Rows with the \
            same video, start and end are questions about one clip, which is stored once.

            A row that cannot be stored becomes a row of quarantine.csv with the reason; the run goes on. \
            The same command goes on where an interrupted one stopped, and after an edit of the manifest \
            decodes only clips that are new. A stored clip whose video is gone stays stored. With the \
            quarantine.csv of a dataset as MANIFEST, only its rows are tried again, for that dataset.
            """)

    @Argument(help: "CSV or TSV file, or folder.")
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
        help: """
            squash (straight to a square, BLIP) or crop (shorter edge to the size, then the centre: CLIP; \
            crop:EDGE resizes to EDGE first: DINOv2's crop:256).
            """)
    var resize = ResizeMode.squash

    @Option(
        help: "Element type: uint8 (resized pixels, lossless), float16 or float32 (normalised).")
    var store = ElementType.uint8

    @Option(help: "Largest mean number of clips per shard.")
    var shardClips = 256

    @OptionGroup var division: DivisionOptions

    @Option(
        help: """
            zstd compression level, 1 to 19; 3 makes a dataset about 16 % smaller than 1 and takes \
            three times as long to compress (default: the dataset's, else 1).
            """)
    var zstdLevel: Int?

    @Option(
        help: """
            Seconds of processor time that one clip may take; waiting for its disk or server may take \
            ten times as long.
            """)
    var timeout = 60.0

    @Flag(help: "Store frames as coded, ignoring rotation flags.")
    var noAutorotate = false

    @Flag(help: "Exit with code 2 if any row is quarantined.")
    var strict = false

    @Flag(help: "Replace a dataset that was built with another recipe.")
    var overwrite = false

    @Flag(
        help: """
            Drop stored clips whose video is missing, and those kept in DIR.removed, whose rows are gone.
            """)
    var prune = false

    @Flag(help: "Read videos again whose size and time of modification are as recorded.")
    var verifySources = false

    @Flag(help: "Store what can be decoded of damaged videos; their receipts say what is wrong.")
    var keepDamaged = false

    @OptionGroup var isolation: IsolationOptions
    @OptionGroup var task: TaskOptions
    @OptionGroup var run: RunOptions

    func validate() throws {
        try requireNotEmpty(["MANIFEST": manifest, "--out": out])
        try requireInRange([
            ("--frames", frames, 1...4096), ("--image-size", imageSize, 1...4096),
            ("--shard-clips", shardClips, 1...1_000_000), ("--zstd-level", zstdLevel ?? 1, 1...19),
        ])
        if let problem = problem(ofTimeLimit: timeout) { throw ValidationError(problem) }
        if case .crop(let edge?) = resize, edge < imageSize {
            throw ValidationError(
                "--resize crop:\(edge) must be at least --image-size, \(imageSize).")
        }
    }

    func run() async throws {
        let options = try makeOptions()
        let build = try BuildShards(options: options)
        let summary = try await withStopSignal { stop in
            let reporter = ProgressReporter(title: "clips")
            return try await build.run(stop: stop, progress: reporter.report)
        }
        if summary.isPublished, summary.stored > 0 {
            let dataset = try Dataset(directory: options.outputDirectory)
            let page = try DatasetReport(of: dataset, extent: .sample, jobs: run.jobCount)
            try await page.write()
        }
        try printSummary(summary, directory: options.outputDirectory, asJSON: run.json)
        if summary.stored == 0, summary.isPublished { throw ExitCode.failure }
        if strict, summary.quarantined > 0 { throw ExitCode(2) }
    }

    /// Starts workers while this process still has one thread.
    @MainActor func startWorkers() {
        guard !isolation.inProcess else { return }
        EarlyWorkers.start(min(run.jobCount, ProcessInfo.processInfo.activeProcessorCount))
    }

    private func makeOptions() throws -> BuildShardsOptions {
        var options: BuildShardsOptions
        if let retry = try BuildShardsOptions(
            retrying: manifest, output: out, root: division.root, jobs: run.jobCount)
        {
            writeToStandardError(
                "Trying the rows of \(manifest) again, with the settings of their dataset.\n")
            options = retry
        } else {
            options = BuildShardsOptions(
                manifestPath: manifest,
                outputDirectory: out ?? DatasetLocation.dataset(ofManifest: manifest),
                plan: try division.plan, jobs: run.jobCount)
            options.rootDirectory = division.root
            options.recipe = recipe
            // Datasets keep the level that was their default.
            if zstdLevel == nil, !overwrite,
                let existing = try? Dataset(directory: options.outputDirectory)
            {
                options.recipe.zstdLevel = existing.description.clipRecipe.zstdLevel
            }
            options.shardClips = shardClips
        }
        options.timeoutSeconds = timeout
        options.partition = task.partition()
        options.overwrite = overwrite
        options.prunes = prune
        options.verifiesSources = verifySources
        options.isolation = isolation.isolation
        return options
    }
}

extension BuildShardsCommand {
    private var recipe: ClipRecipe {
        var recipe = ClipRecipe()
        recipe.numFrames = frames
        recipe.imageSize = imageSize
        recipe.sampling = sampling
        recipe.resize = resize
        recipe.autorotate = !noAutorotate
        recipe.store = store
        recipe.keepsDamaged = keepDamaged
        if let zstdLevel { recipe.zstdLevel = zstdLevel }
        return recipe
    }
}

extension ResizeMode: ExpressibleByArgument {}
extension FrameSampling: ExpressibleByArgument {}
extension ElementType: ExpressibleByArgument {}

/// Prints what a stage did, for people or as JSON.
func printSummary(_ summary: StageSummary, directory: String, asJSON: Bool) throws {
    for line in remarks(summary, directory: directory) { writeToStandardError("  \(line)\n") }
    if asJSON {
        try printJSON(summary)
        return
    }
    var parts = [
        "\(counted(summary.rows, "row")): \(summary.stored) stored, \(summary.quarantined) quarantined",
        counted(summary.clips, "clip"),
        "\(summary.clipsPerSecond.formatted(decimals: 1)) clips/s",
    ]
    if let gflops = summary.gflops { parts.append("\(gflops.formatted(decimals: 0)) GFLOP/s") }
    parts += ["\((Double(summary.bytes) / 1e6).formatted(decimals: 1)) MB", directory]
    printWrapped(parts.joined(separator: " · "))
}

/// What a user should know about a stage besides its numbers.
private func remarks(_ summary: StageSummary, directory: String) -> [String] {
    var lines = ["\(summary.carried) kept, \(summary.decoded ?? summary.encoded ?? 0) new"]
    if !summary.isPublished {
        lines.append("not published yet: other tasks are at work, and the last one publishes")
    }
    if let count = summary.keptWithoutSource, count > 0 {
        lines.append(
            "kept without a video that can be read now: \(counted(count, "clip")); --prune drops them"
        )
    }
    if let count = summary.keptAfterFailure {
        lines.append(
            "kept as before, since the video has changed and no longer decodes: "
                + counted(count, "clip"))
    }
    if let count = summary.keptAside {
        lines.append(
            "no longer part of the dataset: \(counted(count, "earlier sample")), kept in "
                + "\(directory).removed to be used again (you may delete that folder)")
    }
    if let count = summary.straddlingGroups {
        lines.append(
            "in several splits, under one name or as copies: \(counted(count, "source")); "
                + "scores on validation and test are too good")
    }
    if let count = summary.smallClasses {
        lines.append(
            "not in every split, for lack of three sources: \(counted(count, "class")) "
                + "(training comes first)")
    }
    if let count = summary.unevenClasses {
        lines.append(
            "missing from a split: \(counted(count, "class")); a column `split` can put clips of "
                + "each into all of them")
    }
    if let count = summary.movedClips {
        lines.append(
            "now in another split, so that no class is missing from one: \(counted(count, "clip")); "
                + "a column `split` fixes where they are")
    }
    // Features have no quarantine of their own.
    guard summary.encoded == nil else { return lines }
    for (reason, count) in summary.reasons.sorted(by: { $0.key < $1.key }) {
        lines.append("quarantined: \(count) × \(reason)")
    }
    if let pairs = summary.nearDuplicates {
        lines.append(
            "\(counted(pairs, "pair")) of clips alike with other splits or labels: "
                + "\(directory)/\(ShardFormat.nearDuplicatesName)")
    }
    if summary.quarantined > 0 {
        lines.append("Each row and its reason: \(directory)/\(ShardFormat.quarantineName)")
    }
    return lines
}
