import Files

/// When the sampled frames of a clip were shown.
public struct FrameTimes: Sendable {
    /// Seconds after the first sampled frame.
    public let seconds: [Double]

    /// Frame rate assumed for videos whose frames have no times and whose time base is not a frame.
    private static let assumedFrameRate = 25.0
    /// Finer time bases count ticks, not frames.
    private static let shortestFrame = 1.0 / 240

    /// Takes the times of a receipt.
    ///
    /// Where a frame has no pts, as of some streams in AVI, the frame numbers count: by the time
    /// base if it is one frame long, else at 25 frames a second.
    /// - Parameters:
    ///   - pts: Presentation times in units of `timeBase`.
    ///   - timeBase: Seconds per unit, such as `1/12800`.
    ///   - frameIndices: Numbers of the frames in the video.
    public init(pts: [Int64?], timeBase: String, frameIndices: [Int]) {
        let parts = timeBase.split(separator: "/").compactMap { Double($0) }
        let unit = parts.count == 2 && parts[1] > 0 ? parts[0] / parts[1] : 0
        let known = pts.compactMap { $0 }
        let times: [Double]
        if known.count == pts.count, known.count == frameIndices.count, unit > 0 {
            times = known.map { Double($0) * unit }
        } else {
            let frame = unit >= Self.shortestFrame ? unit : 1 / Self.assumedFrameRate
            times = frameIndices.map { Double($0) * frame }
        }
        seconds = times.map { $0 - (times.first ?? 0) }
    }

    /// Reads the `.json` member of a sample; `nil` if it holds no receipt.
    init?(metadata: [UInt8]) {
        struct Metadata: Decodable {
            struct Receipt: Decodable {
                let pts: [Int64?]
                let timeBase: String
                let frameIndices: [Int]
            }
            let receipt: Receipt
        }
        guard let receipt = try? decodeJSON(Metadata.self, from: metadata).receipt else {
            return nil
        }
        self.init(
            pts: receipt.pts, timeBase: receipt.timeBase, frameIndices: receipt.frameIndices)
    }
}
