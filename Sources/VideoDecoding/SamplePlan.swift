import CFFmpeg
import Recipes

/// Which frames of a video a request asks for, given the table of its frames.
struct SamplePlan: Equatable {
    /// The frames between start and end.
    let window: Range<Int>
    /// T frame numbers in the whole video, ascending.
    let indices: [Int]

    /// Applies the request's window and sampling to `frames`.
    init(
        _ request: ClipRequest, frames: [FrameEntry], timeBase: AVRational
    ) throws(DecodeError) {
        guard !frames.isEmpty else { throw .noFrames }
        let seconds = presentationSeconds(frames, timeBase: timeBase)
        let start = request.startSeconds ?? 0
        let end = request.endSeconds ?? .infinity
        let first = seconds.firstIndex { $0 >= start } ?? seconds.count
        let last = seconds.lastIndex { $0 < end } ?? -1
        guard first <= last else {
            throw .emptyWindow(
                startSeconds: request.startSeconds, endSeconds: request.endSeconds,
                durationSeconds: seconds.last ?? 0)
        }
        let window = first..<last + 1
        self.window = window
        indices = request.recipe.sampling.indices(
            numFrames: window.count, count: request.recipe.numFrames
        ).map { window.lowerBound + $0 }
    }

    /// The positions in `0..<T` that each wanted frame fills.
    var slots: [Int: [Int]] {
        Dictionary(grouping: indices.indices) { indices[$0] }
    }
}

/// Seconds from the first frame to each frame, never decreasing.
///
/// A frame without a time, or with one before its predecessor's, is shown together with that.
private func presentationSeconds(_ frames: [FrameEntry], timeBase: AVRational) -> [Double] {
    let origin = Double(frames.lazy.compactMap(\.pts).first ?? 0)
    var latest = 0.0
    return frames.map { frame in
        if let pts = frame.pts {
            // One rounding only, so that 1280 · 1/12800 is exactly the 0.1 that a manifest says.
            let seconds = (Double(pts) - origin) * Double(timeBase.num) / Double(timeBase.den)
            latest = max(latest, seconds)
        }
        return latest
    }
}
