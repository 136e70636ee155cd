import Files

/// A window of a video: what is decoded and stored once, whatever is asked about it.
public struct Clip: Sendable, Hashable, Codable {
    /// Path relative to the manifest or `--root`, or an http(s) URL, as written.
    public let video: String
    /// Start of the window in seconds from the first frame; `nil` starts with that frame.
    ///
    /// Frames with start ≤ t < end belong to the clip.
    public let start: Double?
    /// End of the window in seconds from the first frame; `nil` goes to the last frame.
    public let end: Double?

    /// The window from `start` to `end` of `video`.
    public init(video: String, start: Double? = nil, end: Double? = nil) {
        self.video = video
        self.start = start
        self.end = end
    }

    /// The name of the clip's sample, which depends on the clip alone.
    public var key: ClipKey {
        var checksum = Checksum()
        for part in [video] + windowText { checksum.update(part) }
        return ClipKey(checksum.bytes)
    }

    /// Whether the video is behind a web address.
    public var isRemote: Bool {
        let scheme = video.prefix(8).lowercased()
        return scheme.hasPrefix("http://") || scheme == "https://"
    }

    /// Start and end in decimal, empty where there is none.
    public var windowText: [String] { [Self.text(start), Self.text(end)] }

    /// The window as text for people; empty for the whole video.
    public var windowDescription: String {
        guard start != nil || end != nil else { return "" }
        let ends = windowText
        return "\(ends[0].isEmpty ? "0" : ends[0])–\(ends[1].isEmpty ? "end" : ends[1]) s"
    }

    private static func text(_ seconds: Double?) -> String { seconds.map { "\($0)" } ?? "" }

    private enum CodingKeys: CodingKey {
        case video, start, end
    }

    /// Reads what `encode` wrote.
    /// - Throws: `DecodingError`, also if a time is not a finite number of at least 0.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        func seconds(_ key: CodingKeys) throws -> Double? {
            let text = try container.decode(String.self, forKey: key)
            if text.isEmpty { return nil }
            guard let value = Double(text), value.isFinite, value >= 0 else {
                throw DecodingError.dataCorruptedError(
                    forKey: key, in: container, debugDescription: "`\(text)` is not a time")
            }
            return value
        }
        video = try container.decode(String.self, forKey: .video)
        start = try seconds(.start)
        end = try seconds(.end)
    }

    /// Writes seconds as text, empty where there are none.
    ///
    /// JSON numbers with and without a fraction, or missing, would give the samples of one dataset
    /// different types in Arrow.
    /// - Throws: What `encoder` throws.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(video, forKey: .video)
        try container.encode(windowText[0], forKey: .start)
        try container.encode(windowText[1], forKey: .end)
    }
}

/// The name of a clip's sample: 16 hex digits, the beginning of sha256 over path, start and end.
public struct ClipKey: Sendable, Hashable, Comparable, Codable, CustomStringConvertible {
    /// The 64 bits as a number, whose leading bits choose the shard.
    public let bits: UInt64

    /// Takes the first eight bytes of `digest`.
    init(_ digest: [UInt8]) {
        bits = digest.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Reads 16 lower-case hex digits; `nil` for any other text.
    public init?(_ text: String) {
        guard text.utf8.count == 16, let bits = UInt64(text, radix: 16) else { return nil }
        self.bits = bits
        if description != text { return nil }
    }

    /// The 16 digits.
    public var description: String {
        let digits = String(bits, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// The order of the numbers, which is that of the texts.
    public static func < (left: ClipKey, right: ClipKey) -> Bool { left.bits < right.bits }

    /// Reads the 16 digits.
    /// - Throws: `DecodingError` for any other value.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let key = ClipKey(text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "`\(text)` is not a key of 16 hex digits")
        }
        self = key
    }

    /// Writes the 16 digits.
    /// - Throws: What `encoder` throws.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
