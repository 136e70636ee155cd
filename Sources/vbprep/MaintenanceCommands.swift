import ArgumentParser
import CommandSupport
import Files
import Manifests
import Pipelines
import Recipes
import Shards
import Tensors

struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Reads every byte of a dataset and names each bad sample.",
        discussion: "Exit code 1 if anything is not as it was published; `vbprep repair` mends it.")

    @Argument(help: "Dataset directory.")
    var directory: String

    @OptionGroup var run: RunOptions

    func validate() throws { try requireNotEmpty(["DIR": directory]) }

    func run() async throws {
        let summary = try await withStopSignal { stop in
            let reporter = ProgressReporter(title: "shards", unit: "shards")
            return try await VerifyDataset(directory: directory, jobs: run.jobCount)
                .run(stop: stop, progress: reporter.report)
        }
        if run.json {
            try printJSON(summary)
        } else {
            for problem in summary.problems { printWrapped(describe(problem)) }
            let size = (Double(summary.bytes) / 1e6).formatted(decimals: 1)
            let bad = summary.badKeys.count
            printWrapped(
                summary.problems.isEmpty
                    ? "\(directory): \(counted(summary.samples, "sample")), \(size) MB, all as published"
                    : "\(directory): \(counted(summary.problems.count, "problem")), "
                        + "\(counted(bad, "bad sample")); mend with `vbprep repair \(directory)`")
        }
        if !summary.problems.isEmpty { throw ExitCode.failure }
    }
}

struct RepairCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "repair",
        abstract: "Makes the bad or missing samples of a dataset again, from their sources.",
        discussion: """
            Good samples are copied, bad ones decoded anew, and a shard is published only if it has the \
            bytes that it had before. Of features, bad shards are encoded anew, with the model, \
            precision and tokens that the dataset records.
            """)

    @Argument(help: "Dataset directory.")
    var directory: String

    @Option(help: "Folder that relative video paths start from (default: where it was).")
    var root: String?

    @OptionGroup var math: MathOptions
    @OptionGroup var isolation: IsolationOptions
    @OptionGroup var run: RunOptions

    func validate() throws { try requireNotEmpty(["DIR": directory]) }

    func run() async throws {
        MathThreads.set(run.jobCount)
        let summary = try await withStopSignal { stop in
            let reporter = ProgressReporter(title: "clips")
            return try await RepairDataset(
                directory: directory, root: root, jobs: run.jobCount,
                isolation: isolation.isolation
            ).run(stop: stop, progress: reporter.report)
        }
        if run.json { return try printJSON(summary) }
        for problem in summary.problems { printWrapped(describe(problem)) }
        printWrapped(
            summary.problems.isEmpty
                ? "\(directory): nothing to repair"
                : "\(directory): \(counted(summary.remadeSamples, "sample")) made again, "
                    + "\(counted(summary.remadeShards, "shard")) published, all as before")
    }
}

struct FinalizeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "finalize",
        abstract: "Publishes a dataset whose shards several tasks have built.",
        discussion: "The last task does this by itself; run it if that task was killed.")

    @Argument(help: "Dataset directory.")
    var directory: String

    @OptionGroup var run: RunOptions

    func validate() throws { try requireNotEmpty(["DIR": directory]) }

    func run() async throws {
        if let dataset = try? Dataset(directory: directory), !isUnfinished(directory) {
            print("\(directory) is published: \(counted(dataset.description.numClips, "clip"))")
            return
        }
        let options = try BuildShardsOptions(finalizing: directory, jobs: run.jobCount)
        let summary = try BuildShards(options: options).finalize()
        try printSummary(summary, directory: directory, asJSON: run.json)
    }
}

/// Whether tasks have begun something in `directory` that is not published.
private func isUnfinished(_ directory: String) -> Bool {
    fileExists("\(directory)/\(ShardFormat.stagingFolder)")
}

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Looks at every video of a manifest without decoding, before you build.",
        discussion: """
            Frame counts (header against packets), variable frame rates, rotation, colour, outliers in \
            duration, missing files, duplicate content, label typos, conflicting labels, sources in several \
            splits, tasks that look merged, empty splits, balance of labels; predicts bytes and minutes by \
            decoding a few clips. Exit code 2 under --strict if any row would be quarantined.
            """)

    @Argument(help: "CSV or TSV file, or folder.")
    var manifest: String

    @OptionGroup var division: DivisionOptions

    @Option(help: "Frames per clip, for the prediction.")
    var frames = 8

    @Option(help: "Height and width of the stored pictures in pixels, for the prediction.")
    var imageSize = 224

    @Option(
        help: """
            Seconds of processor time that one video may take; waiting for its disk or server may take \
            ten times as long.
            """)
    var timeout = 60.0

    @Flag(help: "Exit with code 2 if any row would be quarantined.")
    var strict = false

    @OptionGroup var isolation: IsolationOptions
    @OptionGroup var run: RunOptions

    func validate() throws {
        try requireNotEmpty(["MANIFEST": manifest])
        try requireInRange([
            ("--frames", frames, 1...4096), ("--image-size", imageSize, 1...4096),
        ])
        if let problem = problem(ofTimeLimit: timeout) { throw ValidationError(problem) }
    }

    func run() async throws {
        var options = BuildShardsOptions(
            manifestPath: manifest, outputDirectory: "",
            plan: try division.plan, jobs: run.jobCount)
        options.rootDirectory = division.root
        options.recipe.numFrames = frames
        options.recipe.imageSize = imageSize
        options.timeoutSeconds = timeout
        options.isolation = isolation.isolation
        let report = try await withStopSignal { stop in
            let reporter = ProgressReporter(title: "videos", unit: "videos")
            return try await Doctor(options: options).run(stop: stop, progress: reporter.report)
        }
        if run.json { try printJSON(report) } else { show(report) }
        if strict, report.findings.contains(where: \.isFault) { throw ExitCode(2) }
    }

    private func show(_ report: DoctorReport) {
        printWrapped(
            "\(counted(report.rows, "row")), \(counted(report.videos, "video")), "
                + "\(clockTime(report.durationSeconds)), \(counted(report.frames, "frame"))\n")
        for (what, values) in report.counts.sorted(by: { $0.key < $1.key }) {
            let texts = values.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(6)
                .map { "\($0.value) × \($0.key)" }
            let rest = values.count > 6 ? ", and \(counted(values.count - 6, "other"))" : ""
            printWrapped("  \(padded(what)) \(texts.joined(separator: ", "))\(rest)")
        }
        for split in ["train", "validation", "test"] {
            guard let counts = report.labels[split] else { continue }
            let texts = counts.sorted { $0.key < $1.key }.prefix(12).map { "\($0.key) \($0.value)" }
            let rest = counts.count > 12 ? ", and \(counted(counts.count - 12, "other label"))" : ""
            printWrapped("  \(padded(split)) \(texts.joined(separator: ", "))\(rest)")
        }
        print("")
        let faults = report.findings.filter(\.isFault)
        let remarks = report.findings.filter { !$0.isFault }
        for (title, findings) in [("would be quarantined", faults), ("worth a look", remarks)]
        where !findings.isEmpty {
            printWrapped("\(findings.count) \(title):")
            for finding in findings.prefix(50) {
                printWrapped("  \(finding.kind): \(finding.video): \(finding.detail)")
            }
            if findings.count > 50 {
                printWrapped("  … and \(counted(findings.count - 50, "other")); --json has all")
            }
        }
        printWrapped(
            "build-shards will take about \(clockTime(60 * report.predictedMinutes)) "
                + "with \(counted(run.jobCount, "job")) and write "
                + "\((Double(report.predictedBytes) / 1e6).formatted(decimals: 1)) MB.")
    }

    private func padded(_ text: String) -> String {
        text + String(repeating: " ", count: max(0, 13 - text.count))
    }
}

/// One line about a problem.
private func describe(_ problem: VerificationProblem) -> String {
    let key = problem.key.map { " sample \($0)" } ?? ""
    return "\(problem.path)\(key): \(problem.detail)"
}

/// Prints `value` as one JSON object on stdout.
func printJSON(_ value: some Encodable) throws {
    print(String(decoding: try canonicalJSON(value, pretty: false), as: UTF8.self), terminator: "")
}
