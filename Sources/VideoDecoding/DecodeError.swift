/// Why a clip could not be turned into frames.
///
/// No case names the path: the caller knows the row, and descriptions end up in files that must not
/// depend on the machine.
public enum DecodeError: Error, Sendable, Equatable {
    case invalidRequest(String)
    case missing
    case notAFile(found: String)
    case empty
    case unreadable(stage: Stage, detail: String)
    case unreachable(detail: String)
    case unsupportedContainer(name: String)
    case noVideoStream(found: String)
    case unsupportedCodec(name: String)
    case unsupportedPixelFormat(name: String)
    case tooLarge(width: Int, height: Int, maxPixels: Int)
    case damaged(stage: Stage, found: String)
    case noFrames
    case emptyWindow(startSeconds: Double?, endSeconds: Double?, durationSeconds: Double)
    case timeout(stage: Stage, seconds: Double)
    case stalled(stage: Stage, seconds: Double)
    case outOfMemory(stage: Stage)
    case noSpace(detail: String)
    case rejectedByCaller(String)

    /// The step in which a clip failed.
    public enum Stage: String, Sendable, Codable {
        /// Opening the file and choosing the stream.
        case open
        /// Reading the packets without decoding.
        case scan
        /// Turning packets into pictures.
        case decode
        /// Turning pictures into RGB, and what the caller does with them.
        case convert
    }
}

extension DecodeError: CustomStringConvertible {
    /// One short word for tables, such as `damaged`.
    public var reason: String {
        switch self {
        case .invalidRequest: "invalid-request"
        case .missing: "missing"
        case .notAFile: "not-a-file"
        case .empty: "empty"
        case .unreadable: "unreadable"
        case .unreachable: "unreachable"
        case .unsupportedContainer: "unsupported-container"
        case .noVideoStream: "no-video-stream"
        case .unsupportedCodec: "unsupported-codec"
        case .unsupportedPixelFormat: "unsupported-pixel-format"
        case .tooLarge: "too-large"
        case .damaged: "damaged"
        case .noFrames: "no-frames"
        case .emptyWindow: "empty-window"
        case .timeout, .stalled: "timeout"
        case .outOfMemory: "memory"
        case .noSpace: "no-space"
        case .rejectedByCaller: "rejected"
        }
    }

    /// The step in which the clip failed.
    public var stage: Stage {
        switch self {
        case .unreadable(let stage, _), .damaged(let stage, _), .timeout(let stage, _),
            .stalled(let stage, _), .outOfMemory(let stage):
            stage
        case .noFrames, .unsupportedCodec: .decode
        case .emptyWindow: .scan
        case .unsupportedPixelFormat, .rejectedByCaller: .convert
        default: .open
        }
    }

    /// One sentence about what was found, and one about the remedy.
    public var description: String {
        switch self {
        case .invalidRequest(let detail):
            "The request cannot be met: \(detail)."
        case .missing:
            "The video does not exist; correct its path or restore the file."
        case .notAFile(let found):
            "The path is \(found), not a regular file; name a video file instead."
        case .empty:
            "The file holds no bytes; copy or download the video again."
        case .unreadable(_, let detail):
            "The video cannot be read (\(detail)); check it with `ffprobe` or replace it."
        case .unreachable(let detail):
            "The address cannot be fetched (\(detail)); correct it, or try again when its server "
                + "answers."
        case .unsupportedContainer(let name):
            "The content is `\(name)`, which is not a video container; "
                + "convert it to MP4 or Matroska."
        case .noVideoStream(let found):
            "The file has no video stream (found \(found)); use a file with moving pictures."
        case .unsupportedCodec(let name):
            "The installed FFmpeg cannot decode `\(name)`; convert the video to H.264."
        case .unsupportedPixelFormat(let name):
            "The pixel format \(name) cannot be converted to RGB; convert the video to yuv420p."
        case .tooLarge(let width, let height, let maxPixels):
            "The picture is \(width)×\(height), more than the \(maxPixels) pixels allowed; "
                + "scale the video down or raise the limit."
        case .damaged(_, let found):
            "The video is damaged (\(found)); restore the original or re-encode the intact part."
        case .noFrames:
            "The video stream holds no frame that can be shown; replace the file."
        case .emptyWindow(let start, let end, let duration):
            "No frame lies in the window \(start ?? 0) ≤ t < \(end.map { "\($0)" } ?? "end") s; "
                + "the video shows frames from 0 to \(duration) s, so correct `start` and `end`."
        case .timeout(let stage, let seconds):
            "The clip was given up after \(seconds) s of processor time in the step "
                + "`\(stage.rawValue)`; raise the time limit or shorten the video."
        case .stalled(let stage, let seconds):
            "The clip was given up after waiting \(seconds) s for its file or server in the step "
                + "`\(stage.rawValue)`; copy the video to a faster disk or raise the time limit."
        case .outOfMemory(let stage):
            "Memory ran out in the step `\(stage.rawValue)`; raise --worker-memory or "
                + "scale the video down."
        case .noSpace(let detail):
            "The video cannot be fetched to this disk (\(detail)); free space."
        case .rejectedByCaller(let detail):
            "A decoded frame could not be used (\(detail)); see the cause."
        }
    }
}
