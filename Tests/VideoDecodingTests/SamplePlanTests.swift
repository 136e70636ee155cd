import Recipes
import TestSupport
import Testing

@testable import VideoDecoding

@Suite struct SamplePlanTests {
    /// A window of a clip and its frames, counted with `ffprobe -show_entries frame`.
    struct Window: CustomTestStringConvertible, Sendable {
        let video: String
        let start: Double?
        let end: Double?
        let frames: ClosedRange<Int>
        var testDescription: String { "\(video) \(start ?? 0)..<\(end ?? .infinity)" }
    }

    static let windows = [
        Window(video: "derived/cockatoo_vfr.mp4", start: 2, end: 5, frames: 15...36),
        Window(video: "derived/cockatoo_vfr.mp4", start: nil, end: 0.5, frames: 0...5),
        Window(video: "derived/realshort_late_start.mkv", start: 0.2, end: 0.8, frames: 6...24),
        Window(video: "real/bikes.mp4", start: 1, end: 2, frames: 25...49),
        Window(video: "real/bikes.mp4", start: 9.96, end: nil, frames: 249...249),
        Window(video: "real/city.mpg", start: 0.5, end: 1.5, frames: 13...37),
        Window(video: "real/world.mp4", start: 29.5, end: 30, frames: 885...899),
    ]

    @Test(arguments: windows)
    func samplesInsideTheWindow(_ window: Window) throws {
        let decoded = try DecodedClip(
            ClipRequest(
                path: Fixtures.path("videos/\(window.video)"), startSeconds: window.start,
                endSeconds: window.end, numFrames: 5))
        let expected = FrameSampling.linspace.indices(
            numFrames: window.frames.count, count: 5
        ).map { $0 + window.frames.lowerBound }
        #expect(decoded.receipt.numFramesInWindow == window.frames.count)
        #expect(decoded.receipt.frameIndices == expected)
        #expect(decoded.slots.count == 5)
    }

    @Test func deliversTheSameFramesAsWithoutWindow() throws {
        let path = Fixtures.path("videos/real/bikes.mp4")
        let trimmed = try DecodedClip(
            ClipRequest(path: path, startSeconds: 4, endSeconds: 8, numFrames: 100))
        let whole = try DecodedClip(ClipRequest(path: path, numFrames: 250))
        #expect(trimmed.receipt.frameIndices == Array(100..<200))
        #expect(trimmed.hashes == Array(whole.hashes[100..<200]))
        #expect(trimmed.receipt.numFrames == 250)
    }

    @Test(arguments: ["real/bikes.mp4", "real/band.avi"])
    func refusesAWindowWithoutFrames(in video: String) {
        let path = Fixtures.path("videos/\(video)")
        for (start, end) in [(1000.0, nil), (2.001, 2.002), (3.0, 2.0)] as [(Double, Double?)] {
            let error = #expect(throws: DecodeError.self) {
                try DecodedClip(ClipRequest(path: path, startSeconds: start, endSeconds: end))
            }
            #expect(error?.reason == "empty-window")
        }
    }

    @Test func refusesRequestsWithoutMeaning() {
        let path = Fixtures.path("videos/real/bikes.mp4")
        for request in [
            ClipRequest(path: path, numFrames: 0), ClipRequest(path: path, numFrames: .max),
            ClipRequest(path: path, startSeconds: .nan), ClipRequest(path: path, endSeconds: -1),
            ClipRequest(path: path, timeoutSeconds: 0),
            ClipRequest(path: path, timeoutSeconds: .nan),
            ClipRequest(path: path, maxPixels: 0),
        ] {
            let error = #expect(throws: DecodeError.self) { try DecodedClip(request) }
            #expect(error?.reason == "invalid-request")
        }
    }

    @Test func waitsForEverWithoutATimeLimit() throws {
        let path = Fixtures.path("videos/derived/one_frame.mp4")
        let decoded = try DecodedClip(ClipRequest(path: path, timeoutSeconds: .infinity))
        #expect(decoded.receipt.frameIndices == Array(repeating: 0, count: 8))
    }
}
