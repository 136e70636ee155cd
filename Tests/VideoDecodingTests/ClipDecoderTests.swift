import Foundation
import TestSupport
import Testing
import VideoDecoding

@Suite struct ClipDecoderTests {
    @Test func findsTheReferenceClips() {
        #expect(GoldenClip.all.count == 38)
    }

    @Test(arguments: GoldenClip.withOutcome("ok"))
    func givesTheReferenceFrames(of clip: GoldenClip) throws {
        let decoded = try DecodedClip(ClipRequest(path: clip.path, autorotate: false))
        #expect(decoded.receipt.numFrames == clip.frames)
        #expect(decoded.receipt.numFramesFromHeader == clip.framesInHeader)
        #expect(decoded.receipt.frameIndices == clip.indices)
        #expect(decoded.hashes == clip.rgb24Sha256)
        #expect(decoded.receipt.codec == clip.codec)
        #expect(decoded.receipt.pixelFormat == clip.pixelFormat)
        #expect(decoded.receipt.width == clip.width)
        #expect(decoded.receipt.height == clip.height)
    }

    @Test(arguments: GoldenClip.withOutcome("damaged"))
    func refusesDamage(in clip: GoldenClip) throws {
        let error = #expect(throws: DecodeError.self) {
            try DecodedClip(ClipRequest(path: clip.path))
        }
        #expect(error?.reason == "damaged")
    }

    @Test(arguments: GoldenClip.withOutcome("unreadable"))
    func refusesWhatIsNoVideo(in clip: GoldenClip) throws {
        let error = #expect(throws: DecodeError.self) {
            try DecodedClip(ClipRequest(path: clip.path))
        }
        #expect(["unreadable", "empty", "no-video-stream"].contains(error?.reason))
        #expect(error?.stage == .open)
    }
}
