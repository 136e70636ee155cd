import Recipes
import TestSupport
import Testing

@testable import VideoDecoding

@Suite struct IndexedPassTests {
    @Test(arguments: GoldenClip.withOutcome("ok"))
    func givesTheSameAsDecodingEverything(of clip: GoldenClip) throws {
        for numFrames in [3, 40] {
            let request = ClipRequest(path: clip.path, numFrames: numFrames, sampling: .middle)
            let indexed = try DecodedClip(request)
            var sequential = try DecodedClip(request, usesIndex: false)
            #expect(sequential.receipt.decoding == .sequential)
            #expect(indexed.hashes == sequential.hashes)
            sequential.receipt.decoding = indexed.receipt.decoding
            sequential.receipt.fallbackReason = indexed.receipt.fallbackReason
            #expect(indexed.receipt == sequential.receipt)
        }
    }

    @Test(arguments: [
        "real/bikes.mp4", "real/band.mkv", "real/band.webm", "real/screencast.webm",
        "derived/realshort_opengop.ts", "derived/world_hevc10.mkv", "derived/world_av1.mkv",
        "derived/cockatoo_vfr.mp4", "real/park.mp4", "real/band.mpg", "derived/city_interlaced.mpg",
        "real/street.avi", "real/band.avi", "real/band.flv", "real/band.3gp", "real/band.wmv",
    ])
    func usesTheIndexWhereItIsExact(for video: String) throws {
        let receipt = try DecodedClip(ClipRequest(path: Fixtures.path("videos/\(video)"))).receipt
        #expect(receipt.decoding == .indexed)
        #expect(receipt.fallbackReason.isEmpty)
    }

    @Test func saysWhyItDecodedEverything() throws {
        let receipt = try DecodedClip(ClipRequest(path: Fixtures.path("videos/real/band.gif")))
            .receipt
        #expect(receipt.decoding == .sequential)
        #expect(receipt.fallbackReason == "packets of this codec may hold no frame or several")
    }

    @Test(arguments: [
        "real/bikes.mp4", "real/band.mkv", "real/world.mp4", "derived/realshort_opengop.ts",
        "real/band.avi", "real/screencast.webm", "real/band.mpg", "real/city.mpg", "real/band.flv",
        "real/band.wmv",
    ])
    func readsLongFilesAgain(_ video: String) throws {
        let request = ClipRequest(path: Fixtures.path("videos/\(video)"), numFrames: 12)
        let again = try DecodedClip(request, residentLimitBytes: 0)
        let kept = try DecodedClip(request)
        #expect(again.hashes == kept.hashes)
        #expect(again.receipt == kept.receipt)
    }
}
