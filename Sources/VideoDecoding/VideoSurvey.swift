import CFFmpeg
public import Files

/// What the packets of a video tell, without decoding any.
public struct VideoSurvey: Sendable, Codable, Equatable {
    /// Frames that the packets announce.
    public var numFrames: Int
    /// What the container claims, 0 if it claims nothing.
    public var numFramesFromHeader: Int
    /// Seconds from the first frame to the end of the last.
    public var durationSeconds: Double
    /// Frames per second on average.
    public var frameRate: Double
    /// Whether frames are shown for different times.
    public var isVariableFrameRate: Bool
    /// The longest run of frames without a key frame.
    public var keyFrameInterval: Int
    /// Width in pixels as coded, before rotation.
    public var width: Int
    /// Height in pixels as coded, before rotation.
    public var height: Int
    /// Turn of the display matrix in degrees counterclockwise: 0, 90, 180 or 270.
    public var rotation: Int
    /// FFmpeg's name of the codec, such as `h264`.
    public var codec: String
    /// FFmpeg's name of the pixel format, such as `yuv420p`.
    public var pixelFormat: String
    /// Matrix as the stream states it, such as `bt709` or `unknown`.
    public var colorMatrix: String
    /// Range as the stream states it: `tv`, `pc` or `unknown`.
    public var colorRange: String
    /// Why sampling has to decode every frame; empty if it does not.
    public var fallbackReason: String
    /// What is wrong with the packets; empty if nothing is.
    public var damage: String

    /// Reads all packets of the video in `file`.
    /// - Throws: If it is not a readable video, `DecodeError.empty`, `.unsupportedContainer`,
    ///   `.noVideoStream`, `.unsupportedCodec`, `.tooLarge` or `.unreadable`; `.outOfMemory`,
    ///   `.timeout` or `.stalled`.
    public init(_ file: ReadableFile, timeoutSeconds: Double) throws(DecodeError) {
        let log = MessageLog()
        self = try log.collect { () throws(DecodeError) in
            try VideoSurvey(file, timeoutSeconds: timeoutSeconds, log: log)
        }
    }

    private init(
        _ file: ReadableFile, timeoutSeconds: Double, log: MessageLog
    ) throws(DecodeError) {
        let deadline = Deadline(seconds: timeoutSeconds)
        let packets = try PacketSource(residentLimitBytes: 0, log: log) {
            () throws(DecodeError) in
            try Demuxer(file, maxPixels: 1 << 28, deadline: deadline)
        }
        let stream = packets.demuxer.stream
        let index = FrameIndex(
            packets.entries, stream: stream, pictures: packets.pictures)
        numFrames = index.frames.count
        numFramesFromHeader = stream.numFramesFromHeader ?? 0
        fallbackReason = index.doubt ?? ""
        rotation = stream.orientation.rotation
        do {
            try packets.rejectIncomplete()
            damage = ""
        } catch {
            guard case .damaged(_, let found) = error else { throw error }
            damage = found
        }

        let unit = Double(stream.timeBase.num) / Double(stream.timeBase.den)
        let times = index.frames.compactMap(\.pts)
        let steps = zip(times, times.dropFirst()).map { $1 - $0 }
        let shortest = steps.min() ?? 0
        let longest = steps.max() ?? 0
        isVariableFrameRate = longest - shortest > 1 && Double(longest) > 1.1 * Double(shortest)
        let span = Double((times.last ?? 0) - (times.first ?? 0)) * unit
        frameRate = span > 0 ? Double(times.count - 1) / span : 0
        durationSeconds = frameRate > 0 ? span + 1 / frameRate : 0
        let keys = index.frames.indices.filter { index.frames[$0].isKey } + [index.frames.count]
        keyFrameInterval = zip(keys, keys.dropFirst()).map { $1 - $0 }.max() ?? numFrames

        let parameters = unsafe packets.demuxer.codecParameters?.pointee
        width = unsafe Int(parameters?.width ?? 0)
        height = unsafe Int(parameters?.height ?? 0)
        codec = unsafe String(cString: avcodec_get_name(stream.codecID))
        let format = unsafe AVPixelFormat(parameters?.format ?? -1)
        pixelFormat = unsafe text(av_get_pix_fmt_name(format))
        colorMatrix = unsafe text(
            av_color_space_name(parameters?.color_space ?? AVCOL_SPC_UNSPECIFIED))
        colorRange = unsafe text(
            av_color_range_name(parameters?.color_range ?? AVCOL_RANGE_UNSPECIFIED))
    }
}

private func text(_ name: UnsafePointer<CChar>?) -> String {
    unsafe name.map { unsafe String(cString: $0) } ?? "unknown"
}
