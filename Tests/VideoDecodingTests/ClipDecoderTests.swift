import Foundation
import Recipes
import TestSupport
import Testing

@testable import VideoDecoding

@Suite struct ClipDecoderTests {
    @Test func findsTheReferenceClips() {
        #expect(GoldenClip.all.count == 38)
    }

    @Test(arguments: GoldenClip.withOutcome("ok"))
    func givesTheReferenceFrames(of clip: GoldenClip) throws {
        let decoded = try DecodedClip(ClipRequest(path: clip.path, autorotate: false))
        #expect(decoded.receipt.numFrames == clip.frames)
        #expect(decoded.receipt.numFramesFromHeader == clip.framesInHeader ?? 0)
        #expect(decoded.receipt.frameIndices == clip.indices)
        #expect(decoded.hashes == clip.rgb24Sha256)
        #expect(decoded.receipt.codec == clip.codec)
        #expect(decoded.receipt.pixelFormat == clip.pixelFormat)
        #expect(decoded.receipt.width == clip.width)
        #expect(decoded.receipt.height == clip.height)
        #expect(decoded.receipt.rotation == 0)
    }

    @Test(arguments: GoldenClip.withOutcome("damaged"))
    func refusesDamage(in clip: GoldenClip) throws {
        for usesIndex in [true, false] {
            let error = #expect(throws: DecodeError.self) {
                try DecodedClip(ClipRequest(path: clip.path), usesIndex: usesIndex)
            }
            #expect(error?.reason == "damaged")
        }
    }

    @Test func namesTheDamage() {
        let path = Fixtures.path("videos/derived")
        #expect(
            throws: DecodeError.damaged(
                stage: .decode, found: "frames decoded with errors: 39 of 250, first frame 41")
        ) { try DecodedClip(ClipRequest(path: "\(path)/bikes_bitflips.mp4")) }
        #expect(
            throws: DecodeError.damaged(
                stage: .scan, found: "it is cut off, 111 of 250 packets are whole")
        ) { try DecodedClip(ClipRequest(path: "\(path)/bikes_cut_header_first.mp4")) }
    }

    @Test(arguments: GoldenClip.withOutcome("unreadable"))
    func refusesWhatIsNoVideo(in clip: GoldenClip) throws {
        let error = #expect(throws: DecodeError.self) {
            try DecodedClip(ClipRequest(path: clip.path))
        }
        #expect(["unreadable", "empty", "no-video-stream"].contains(error?.reason))
        #expect(error?.stage == .open)
    }

    /// The first frame as the `ffmpeg` program 5.1.9 turns it:
    /// `ffmpeg -i bikes_rotated90.mp4 -frames:v 1 -pix_fmt rgb24 -f rawvideo - | sha256sum`.
    @Test(arguments: [
        90: "4d4abb58fc418e480ed4b2f2c84729a23956386d52be16f64bc676b8df6b5778",
        270: "cb68496f2d62c498325ba82548836c62b5ea72ad741c41f75f3fc1e7416e9fee",
    ])
    func turnsFramesAsFFmpegDoes(rotation: Int, sha256: String) throws {
        let path = Fixtures.path("videos/derived/bikes_rotated\(rotation).mp4")
        let decoded = try DecodedClip(ClipRequest(path: path, numFrames: 1))
        #expect(decoded.receipt.rotation == rotation)
        #expect(decoded.slots.first?.width == 272)
        #expect(decoded.slots.first?.height == 640)
        #expect(decoded.receipt.width == 640)
        #expect(decoded.hashes == [sha256])
    }

    @Test(arguments: ["real/band.avi": 1441, "real/park.mp4": 17])
    func countsFramesNotWhatTheHeaderSays(video: String, numFrames: Int) throws {
        let decoded = try DecodedClip(ClipRequest(path: Fixtures.path("videos/\(video)")))
        #expect(decoded.receipt.numFrames == numFrames)
        #expect(decoded.receipt.numFramesFromHeader != numFrames)
        #expect(decoded.receipt.frameIndices.last == numFrames - 1)
    }

    @Test func reportsTimesOfVariableFrameRates() throws {
        let path = Fixtures.path("videos/derived/cockatoo_vfr.mp4")
        let receipt = try DecodedClip(ClipRequest(path: path, numFrames: 96)).receipt
        let times = receipt.pts.compactMap(\.self)
        let steps = Set(zip(times.dropFirst(), times).map { $0 - $1 })
        #expect(times.count == 96)
        #expect(steps.count > 1)
        #expect(receipt.timeBase == "1/10240")
        #expect(receipt.keyFrames.count { $0 } == 4)
    }

    @Test func endsTheClipWhenTheCallerCannotGoOn() {
        struct Full: Error {}
        var decoder = ClipDecoder()
        let request = ClipRequest(path: Fixtures.path("videos/real/bikes.mp4"))
        var error: DecodeError?
        do {
            _ = try decoder.decode(request) { _, _ in throw Full() }
        } catch let thrown {
            error = thrown
        }
        #expect(error == .rejectedByCaller("Full()"))
    }

    @Test func goesOnWithTheNextClipAfterABadOne() throws {
        var decoder = ClipDecoder()
        var counts: [Int] = []
        for name in ["real/realshort.mp4", "derived/text.mp4", "real/cockatoo.mp4"] {
            let request = ClipRequest(path: Fixtures.path("videos/\(name)"), numFrames: 2)
            let receipt = try? decoder.decode(request) { _, frame in
                counts.append(frame.pixels.count)
            }
            #expect((receipt == nil) == (name == "derived/text.mp4"))
        }
        #expect(counts == [320 * 240 * 3, 320 * 240 * 3, 1280 * 720 * 3, 1280 * 720 * 3])
    }
}
