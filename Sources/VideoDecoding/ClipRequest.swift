/// Which frames of which video a caller wants.
public struct ClipRequest: Sendable, Equatable {
    /// A local path or an http(s) address.
    ///
    /// Other protocols are never opened.
    public var path: String
    /// The window keeps frames with start ≤ t; `nil` starts with the first frame.
    ///
    /// t counts seconds from the first frame.
    public var startSeconds: Double?
    /// The window keeps frames with t < end; `nil` goes to the last frame.
    public var endSeconds: Double?
    /// T, the number of frames to sample, 1…65536.
    public var numFrames: Int
    /// How the T frames spread over the window.
    public var sampling: FrameSampling
    /// Whether to turn frames upright as the file's display matrix says.
    public var autorotate: Bool
    /// Wall-clock limit of the whole clip; also bounds waiting for a server.
    public var timeoutSeconds: Double
    /// The largest picture that is decoded, width × height.
    public var maxPixels: Int
    /// Whether to deliver what can be decoded of a damaged video; the receipt says what is wrong.
    public var keepsDamaged = false

    /// Asks for `numFrames` frames of the video at `path`.
    public init(
        path: String, startSeconds: Double? = nil, endSeconds: Double? = nil, numFrames: Int = 8,
        sampling: FrameSampling = .linspace, autorotate: Bool = true, timeoutSeconds: Double = 60,
        maxPixels: Int = 1 << 26
    ) {
        self.path = path
        self.startSeconds = startSeconds
        self.endSeconds = endSeconds
        self.numFrames = numFrames
        self.sampling = sampling
        self.autorotate = autorotate
        self.timeoutSeconds = timeoutSeconds
        self.maxPixels = maxPixels
    }

    func validate() throws(DecodeError) {
        guard (1...65536).contains(numFrames) else {
            throw .invalidRequest("the number of frames is \(numFrames), it must be 1 to 65536")
        }
        guard timeoutSeconds > 0 else {
            throw .invalidRequest("the time limit is \(timeoutSeconds) s, it must be positive")
        }
        guard maxPixels > 0 else {
            throw .invalidRequest("the pixel limit is \(maxPixels), it must be positive")
        }
        for (name, value) in [("start", startSeconds), ("end", endSeconds)] {
            if let value, !value.isFinite || value < 0 {
                throw .invalidRequest("`\(name)` is \(value), it must be 0 or more seconds")
            }
        }
    }
}
