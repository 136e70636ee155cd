/// How the frames of a clip were obtained: enough to find each of them again with other tools.
public struct ClipReceipt: Sendable, Codable, Equatable {
    /// N, the true number of frames of the whole video.
    public var numFrames: Int
    /// The number of frames between start and end, from which the T frames were sampled.
    public var numFramesInWindow: Int
    /// What the container claims, 0 if it claims nothing; never relied on.
    public var numFramesFromHeader: Int
    /// T frame numbers in the whole video, counted from 0 in presentation order.
    public var frameIndices: [Int]
    /// Presentation time of each sampled frame in units of `timeBase`; `nil` where there is none.
    public var pts: [Int64?]
    /// Seconds per unit of `pts`, such as `1/12800`.
    public var timeBase: String
    /// Whether each sampled frame can be decoded alone.
    public var keyFrames: [Bool]
    /// Packets the decoder refused; 0 unless damaged videos are kept.
    public var decodeErrors: Int
    /// Frames the decoder had to patch up; 0 unless damaged videos are kept.
    public var concealedFrames: Int
    /// What is wrong with the video, in words; empty unless damaged videos are kept.
    public var damage: String
    /// Width of the first sampled frame as coded, before rotation.
    public var width: Int
    /// Height of the first sampled frame as coded, before rotation.
    public var height: Int
    /// FFmpeg's name of the codec, such as `h264`.
    public var codec: String
    /// FFmpeg's name of the pixel format, such as `yuv420p`.
    public var pixelFormat: String
    /// The matrix used for RGB, such as `bt709`; an unspecified one is read as `bt601`.
    public var colorMatrix: String
    /// `limited` or `full`, as used for RGB.
    public var colorRange: String
    /// Turn applied to the coded picture in degrees counterclockwise: 0, 90, 180 or 270.
    ///
    /// That is ffprobe's `rotation`, with -90 written as 270.
    public var rotation: Int
    /// Whether the display matrix asked for a mirror image too, which was applied after the turn.
    public var mirrored: Bool
    /// How frames were found: by decoding everything or with the packet index.
    public var decoding: Decoding
    /// Why the packet index was not enough; empty for `indexed`.
    public var fallbackReason: String
    /// The FFmpeg release that decoded the clip.
    public var ffmpegVersion: String

    /// How frames were found.
    ///
    /// Both ways give the same bytes.
    public enum Decoding: String, Sendable, Codable {
        /// Every packet was decoded.
        case sequential
        /// Only what the sampled frames depend on was decoded.
        case indexed
    }
}
