import CFFmpeg

/// What FFmpeg says about a negative status code, such as `Invalid data found`.
func ffmpegMessage(_ status: Int32) -> String {
    unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
        guard let base = buffer.baseAddress,
            unsafe av_strerror(status, base, buffer.count) == 0
        else { return "error \(status)" }
        return unsafe String(cString: base)
    }
}

/// Turns a negative status code into an error; other values pass through.
/// - Throws: `DecodeError.timeout` or `.stalled` if the deadline has passed, `.outOfMemory`,
///   `.unreadable`.
@discardableResult
func check(
    _ status: Int32, _ stage: DecodeError.Stage, _ deadline: Deadline
) throws(DecodeError) -> Int32 {
    guard status < 0 else { return status }
    if status == vbp_error_exit() || deadline.hasPassed { throw deadline.error(stage) }
    if status == vbp_error_no_memory() { throw .outOfMemory(stage: stage) }
    throw .unreadable(stage: stage, detail: ffmpegMessage(status))
}

/// FFmpeg's presentation time, `nil` where it has none.
func knownTime(_ time: Int64) -> Int64? {
    time == vbp_no_pts() ? nil : time
}
