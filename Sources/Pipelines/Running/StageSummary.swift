import Shards

/// What a stage reports at its end; `--json` prints it.
public struct StageSummary: Sendable, Codable {
    /// Rows of the manifest; of features, that of the pixels.
    public let rows: Int
    /// Rows whose clip is in a shard.
    public let stored: Int
    /// Rows that are in `quarantine.csv` instead.
    public let quarantined: Int
    /// Wall-clock time of the stage in seconds.
    public let seconds: Double
    /// Clips that this run worked on, divided by `seconds`.
    public let clipsPerSecond: Double
    /// Bytes of all shards.
    public let bytes: Int
    /// Seconds of encoding per clip; only of `extract-features`.
    public var secondsPerClip: Double?
    /// 10⁹ floating-point operations per second of encoding; only of `extract-features`.
    public var gflops: Double?
    /// Clips in all shards.
    public var clips = 0
    /// Stored rows; only of `build-shards`.
    public var questions: Int?
    /// Clips that this run decoded; only of `build-shards`.
    public var decoded: Int?
    /// Clips that this run encoded; only of `extract-features`.
    public var encoded: Int?
    /// Whether the dataset was published; not if other tasks still have shards to make.
    public var isPublished = false
    /// Shards that this run wrote.
    public var writtenShards = 0
    /// Clips that were there before.
    public var carried = 0
    /// Stored clips whose source is missing or unreadable now; only of `build-shards`.
    public var keptWithoutSource: Int?
    /// Stored clips whose source has changed and no longer decodes.
    public var keptAfterFailure: Int?
    /// Samples that left the dataset with this run and are kept beside it.
    public var keptAside: Int?
    /// Groups whose rows the manifest puts into several splits.
    public var straddlingGroups: Int?
    /// Classes with too few sources for every split.
    public var smallClasses: Int?
    /// Clips that are in another split than in the dataset before, although no row names a split;
    /// `nil` if none are.
    public var movedClips: Int?
    /// Classes with three groups or more that a split lacks; `nil` if there are none.
    public var unevenClasses: Int?
    /// Pairs of clips that look alike though their splits or labels differ.
    public var nearDuplicates: Int?
    /// How many rows were quarantined for each reason.
    public let reasons: [String: Int]

    init(accounting: DatasetDescription.Accounting, clips: Int, seconds: Double, bytes: Int) {
        rows = accounting.rows
        stored = accounting.stored
        quarantined = accounting.quarantined
        reasons = accounting.reasons
        self.seconds = seconds
        clipsPerSecond = seconds > 0 ? Double(clips) / seconds : 0
        self.bytes = bytes
    }
}

/// How far a stage has come; handed to the caller after each clip.
public struct StageProgress: Sendable {
    /// Clips that are finished.
    public let done: Int
    /// Clips in all.
    public let total: Int
    /// Clips that cannot be stored, so far.
    public let quarantined: Int
    /// Clips that an earlier run had finished, contained in `done`.
    public let reused: Int
    /// What else is worth a glance, such as the rate of arithmetic.
    public var detail: String?

    /// Creates the state from its parts.
    public init(
        done: Int, total: Int, quarantined: Int, reused: Int, detail: String? = nil
    ) {
        self.done = done
        self.total = total
        self.quarantined = quarantined
        self.reused = reused
        self.detail = detail
    }
}
