import Files
import Manifests
import Recipes
import Shards
import VideoDecoding

/// What is known of a manifest's videos before any is decoded; `doctor --json` prints it.
public struct DoctorReport: Sendable, Codable {
    /// Something a person should look at.
    public struct Finding: Sendable, Codable {
        /// One short word, such as `missing` or `duration-outlier`.
        public let kind: String
        /// The video as the manifest names it; the row's number for rejected rows, and the label,
        /// group or split for what is odd about one.
        public let video: String
        /// What was found.
        public let detail: String
        /// Whether the row would be quarantined.
        public let isFault: Bool
    }

    /// Rows of the manifest.
    public var rows = 0
    /// Distinct videos.
    public var videos = 0
    /// Seconds of all distinct videos.
    public var durationSeconds = 0.0
    /// Frames of all distinct videos.
    public var frames = 0
    /// Number of distinct videos for each property, such as codec or size, and each of its values.
    public var counts: [String: [String: Int]] = [:]
    /// Rows by split, then label.
    public var labels: [String: [String: Int]] = [:]
    /// What to look at: rejected rows first, then videos, copies, and labels.
    public var findings: [Finding] = []
    /// Bytes that the shards will have, from clips that were tried.
    public var predictedBytes = 0
    /// Minutes that build-shards will take, from clips that were tried.
    public var predictedMinutes = 0.0
}

/// Looks at every video of a manifest packet by packet, without decoding, and at the labels.
///
/// Only a handful of clips are decoded, to predict size and time.
public struct Doctor {
    private let options: BuildShardsOptions
    private let manifest: Manifest
    private let plan: DatasetPlan
    private let sources: SourceFiles
    private let workers: ClipWorkers

    /// Clips that are decoded for the prediction.
    private static let numTrials = 8

    /// Reads the manifest and starts the workers.
    /// - Throws: `ManifestError`, as `Manifest` and `DatasetPlan` throw it; `PipelineError.worker`.
    public init(options: BuildShardsOptions) throws {
        self.options = options
        manifest = try Manifest(path: options.manifestPath)
        plan = try DatasetPlan(manifest: manifest, options: options.plan)
        sources = SourceFiles(
            root: options.root, timeoutSeconds: options.timeoutSeconds,
            addresses: manifest.addresses)
        workers = try ClipWorkers(
            options.recipe, timeoutSeconds: options.timeoutSeconds,
            isolation: options.isolation, count: options.jobs, hosts: sources.hosts)
    }

    /// Examines everything; `progress` is called after each video.
    /// - Throws: `PipelineError.interrupted` after a clean stop, `.worker` if none can be started;
    ///   `FileError.system` if the machine is at fault.
    public func run(
        stop: StopSignal, progress: (StageProgress) -> Void
    ) async throws -> DoctorReport {
        var report = DoctorReport()
        report.rows = manifest.count
        report.findings = plan.rejectedRows.map {
            .init(kind: $0.reason, video: "row \($0.number)", detail: $0.detail, isFault: true)
        }
        let clips = plan.clips
        for clip in clips {
            for row in plan.rows(of: clip) {
                let title = manifest.rows[Int(row)].label
                report.labels[plan.splits[Int(row)].rawValue, default: [:]][
                    title, default: 0] += 1
            }
        }
        let surveys = try await survey(clips, stop: stop, into: &report, progress: progress)
        if let signal = stop.signal { throw PipelineError.interrupted(signal: signal) }
        report.findings += durationOutliers(surveys)
        report.findings += try await duplicates(clips, stop: stop)
        report.findings += labelFindings(manifest: manifest, plan: plan).map {
            .init(kind: $0.kind, video: $0.subject, detail: $0.detail, isFault: false)
        }
        try await predict(clips, into: &report)
        return report
    }

    private func survey(
        _ clips: [DatasetPlan.PlannedClip], stop: StopSignal, into report: inout DoctorReport,
        progress: (StageProgress) -> Void
    ) async throws -> [(video: String, survey: VideoSurvey)] {
        let videos = distinctByBytes(clips.map(\.clip.video))
        report.videos = videos.count
        var surveys: [(video: String, survey: VideoSurvey)] = []
        var done = 0
        try await forEachInOrder(
            videos, limit: ClipWorkers.inFlight(options.isolation, workers: options.jobs),
            shouldStop: { stop.isRequested },
            operation: { [sources, workers] video in
                (video, try await Self.survey(video, sources, workers))
            }
        ) { video, result in
            switch result {
            case .success(let survey):
                surveys.append((video, survey))
                report.add(survey, of: video)
            case .failure(let fault):
                report.findings.append(
                    .init(kind: fault.reason, video: video, detail: fault.detail, isFault: true))
            }
            done += 1
            progress(
                StageProgress(
                    done: done, total: videos.count,
                    quarantined: report.findings.count { $0.isFault }, reused: 0))
        }
        return surveys
    }

    private static func survey(
        _ video: String, _ sources: SourceFiles, _ workers: ClipWorkers
    ) async throws -> Result<VideoSurvey, ClipFault> {
        switch try sources.open(video, needsHash: false) {
        case .failure(let fault): .failure(fault)
        case .success(let open): try await workers.survey(open)
        }
    }

    /// Videos far outside of what is usual here.
    ///
    /// Source: Tukey's outer fences, three interquartile ranges beyond the quartiles.
    private func durationOutliers(
        _ surveys: [(video: String, survey: VideoSurvey)]
    ) -> [DoctorReport.Finding] {
        let sorted = surveys.map(\.survey.durationSeconds).sorted()
        guard sorted.count >= 8 else { return [] }
        let (low, high) = (sorted[sorted.count / 4], sorted[sorted.count * 3 / 4])
        let fence = 3 * max(high - low, 0.05 * high)
        return surveys.compactMap { video, survey in
            let seconds = survey.durationSeconds
            guard seconds < low - fence || seconds > high + fence else { return nil }
            return .init(
                kind: "duration-outlier", video: video,
                detail: "\(seconds.formatted(decimals: 1)) s; half of all videos have "
                    + "\(low.formatted(decimals: 1)) to \(high.formatted(decimals: 1)) s",
                isFault: false)
        }
    }

    /// Files with the same content under several names; only files of equal size are read.
    private func duplicates(
        _ clips: [DatasetPlan.PlannedClip], stop: StopSignal
    ) async throws -> [DoctorReport.Finding] {
        let sources = SourceFiles(
            root: options.root, timeoutSeconds: options.timeoutSeconds,
            addresses: manifest.addresses, stop: stop)
        let members = Dictionary(grouping: clips) { ExactText($0.clip.video) }
        let bySize = Dictionary(grouping: members.keys.map(\.text)) { sources.size(of: $0) }
        let candidates = bySize.filter { $0.key > 0 && $0.value.count > 1 }.values.flatMap(\.self)
        try await sources.survey(candidates, jobs: options.jobs)
        let byContent = Dictionary(
            grouping: candidates,
            by: { video in
                // What cannot be read, such as a folder, has no content.
                let hash = (try? sources.state(of: video).sha256) ?? ""
                return hash.isEmpty ? video : hash
            })
        return byContent.values.filter { $0.count > 1 }.map { $0.sorted() }
            .sorted { $0[0] < $1[0] }.map { videos in
                let rows = videos.flatMap { members[ExactText($0)] ?? [] }.flatMap {
                    plan.rows(of: $0)
                }
                var detail = "the same content as \(videos.dropFirst().joined(separator: ", "))"
                if Set(rows.map { manifest.rows[Int($0)].label }).count > 1 {
                    detail += "; with other labels"
                }
                if Set(rows.map { plan.splits[Int($0)] }).count > 1 {
                    detail += "; in other splits"
                }
                return .init(
                    kind: "duplicate-content", video: videos[0], detail: detail, isFault: false)
            }
    }

    /// Decodes some clips, spread evenly, and takes them for all.
    private func predict(
        _ clips: [DatasetPlan.PlannedClip], into report: inout DoctorReport
    ) async throws {
        let count = min(Self.numTrials, clips.count)
        let trials = (0..<count).map { clips[$0 * clips.count / count].clip }
        var (seconds, bytes, made) = (0.0, 0, 0)
        for trial in trials {
            let start = ContinuousClock.now
            guard case .success(let video) = try sources.open(trial.video, needsHash: false),
                case .success(let clip) = try await workers.make(video, trial)
            else { continue }
            seconds += (ContinuousClock.now - start).inSeconds
            bytes += clip.pixels.bytes.count + 2048
            made += 1
        }
        guard made > 0 else { return }
        report.predictedBytes = bytes / made * clips.count
        report.predictedMinutes =
            seconds / Double(made) * Double(clips.count) / Double(options.jobs) / 60
    }
}

extension DoctorReport {
    /// Counts what is usual and notes what is not.
    fileprivate mutating func add(_ survey: VideoSurvey, of video: String) {
        durationSeconds += survey.durationSeconds
        frames += survey.numFrames
        func count(_ what: String, _ value: String) {
            counts[what, default: [:]][value, default: 0] += 1
        }
        count("codec", survey.codec)
        count("size", "\(survey.width)×\(survey.height)")
        count("pixel format", survey.pixelFormat)
        count("colour", "\(survey.colorMatrix), \(survey.colorRange)")
        count("rotation", "\(survey.rotation)°")
        count("frame rate", survey.isVariableFrameRate ? "variable" : "constant")
        count("sampling", survey.fallbackReason.isEmpty ? "by index" : "decodes every frame")
        if !survey.damage.isEmpty {
            findings.append(
                .init(kind: "damaged", video: video, detail: survey.damage, isFault: true))
        }
        if survey.numFramesFromHeader > 0, survey.numFramesFromHeader != survey.numFrames {
            findings.append(
                .init(
                    kind: "header-count", video: video,
                    detail: "the header says \(counted(survey.numFramesFromHeader, "frame")), "
                        + "not \(survey.numFrames)", isFault: false))
        }
        if survey.numFrames == 0 {
            findings.append(
                .init(kind: "no-frames", video: video, detail: "no frame is shown", isFault: true))
        }
    }
}
