import Shards

/// What a stage says at its end; `--json` prints it.
public struct StageSummary: Sendable, Encodable {
    /// Rows of the manifest, or clips of the parent dataset.
    public let rows: Int
    public let stored: Int
    public let quarantined: Int
    public let seconds: Double
    public let clipsPerSecond: Double
    /// Bytes of all shards.
    public let bytes: Int
    /// Only of `extract-features`: seconds of encoding per clip, and 10⁹ floating-point operations per second.
    public var secondsPerClip: Double?
    public var gflops: Double?
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
    public let done: Int
    public let total: Int
    public let quarantined: Int
    /// Clips that an earlier run had finished, contained in `done`.
    public let reused: Int
}
