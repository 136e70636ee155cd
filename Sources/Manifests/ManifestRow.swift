/// Which part of the dataset a clip belongs to.
public enum Split: String, Sendable, Codable, CaseIterable, Comparable {
    case train, validation, test

    /// Reads a manifest's spelling; `val` and `valid` mean validation, case is ignored.
    init?(manifestText text: String) {
        switch text.lowercased() {
        case "train": self = .train
        case "validation", "val", "valid": self = .validation
        case "test": self = .test
        default: return nil
        }
    }

    /// The order train, validation, test.
    public static func < (left: Split, right: Split) -> Bool {
        order(left) < order(right)
    }

    private static func order(_ split: Split) -> Int {
        switch split {
        case .train: 0
        case .validation: 1
        case .test: 2
        }
    }
}

/// One row of a manifest: one clip, with its label.
public struct ManifestRow: Sendable, Equatable {
    /// The row's 0-based number in the manifest, header and blank lines not counted.
    public let number: Int
    /// The 1-based line of the file on which the row starts.
    public let line: Int
    /// The fields as they stand in the file, in the order of `Manifest.columns`.
    public let fields: [String]

    /// Path relative to the manifest or `--root`, or an http(s) URL, as written.
    public let video: String
    /// Class name.
    public let label: String
    /// Split that the row names; `nil` leaves it to `assignSplits`.
    public let split: Split?
    /// Text of the optional column `prompt`, kept in the sample's metadata.
    public let prompt: String?
    /// Start of the window in seconds from the first frame; `nil` starts with that frame.
    ///
    /// Frames with start ≤ t < end belong to the clip.
    public let start: Double?
    /// End of the window in seconds from the first frame; `nil` goes to the last frame.
    public let end: Double?
    /// Rows of one group always share a split.
    public let group: String?
    /// Name of the clip in the sample's metadata; `nil` is the sample's key.
    public let id: String?
    /// Every other column that is not empty, by its name in lower case.
    public let extra: [String: String]

    /// The key of the clip's sample in its shard: the row number with at least eight digits.
    public var key: String { sampleKey(number) }

    /// What makes two rows the same clip: video, window and prompt.
    var clipIdentity: [String] {
        [video, start.map { "\($0)" } ?? "", end.map { "\($0)" } ?? "", prompt ?? ""]
    }
}

/// A row that cannot become a clip, with the reason that `quarantine.csv` states.
public struct RejectedRow: Sendable, Equatable {
    /// The row's 0-based number in the manifest.
    public let number: Int
    /// The key that the row's sample would have.
    public var key: String { sampleKey(number) }
    /// The fields as they stand in the file.
    public let fields: [String]
    /// One short machine-readable word, such as `missing-label`.
    public let reason: String
    /// A sentence: file, line, column, what was found, what to write instead.
    public let detail: String

    /// Creates the row from its parts; every property says what it holds.
    public init(number: Int, fields: [String], reason: String, detail: String) {
        self.number = number
        self.fields = fields
        self.reason = reason
        self.detail = detail
    }
}

/// The key of row `number`: the number with at least eight digits.
private func sampleKey(_ number: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, 8 - digits.count)) + digits
}
