import TestSupport
import Testing

@testable import VideoDecoding

@Suite struct IndexedPassTests {
    @Test(arguments: GoldenClip.withOutcome("ok"))
    func givesTheSameAsDecodingEverything(of clip: GoldenClip) throws {
        for numFrames in [1, 2, 5, 13, 40] {
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
}
