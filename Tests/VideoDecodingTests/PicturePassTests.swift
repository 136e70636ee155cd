import Foundation
import Recipes
import TestSupport
import Testing

@testable import VideoDecoding

@Suite struct PicturePassTests {
    /// A clip of `Tests/Fixtures/pictures` with what the program ffmpeg makes of all its frames.
    struct PictureClip: Decodable, CustomTestStringConvertible {
        let video: String
        let frames: Int
        let rgb24Sha256: [String]

        var testDescription: String { video }
        var path: String { Fixtures.path("pictures/\(video)") }

        static let all: [PictureClip] = {
            let url = URL(fileURLWithPath: Fixtures.path("pictures/frames.json"))
            let data = try? Data(contentsOf: url)
            return data.flatMap { try? JSONDecoder().decode([PictureClip].self, from: $0) } ?? []
        }()

        static func named(_ name: String) throws -> PictureClip {
            try #require(all.first { $0.video == name })
        }
    }

    @Test func findsTheClips() {
        #expect(PictureClip.all.count == 12)
    }

    /// Few frames, so that most pictures are left out, and each frame at least once.
    @Test(arguments: PictureClip.all)
    func givesTheReferenceFrames(of clip: PictureClip) throws {
        for first in 0..<clip.frames {
            let request = ClipRequest(path: clip.path, numFrames: first == 0 ? 7 : first + 1)
            let decoded = try DecodedClip(request)
            #expect(decoded.receipt.numFrames == clip.frames)
            #expect(decoded.hashes == decoded.receipt.frameIndices.map { clip.rgb24Sha256[$0] })
        }
    }

    @Test(arguments: PictureClip.all)
    func tellsTheSameAsDecodingEverything(of clip: PictureClip) throws {
        for numFrames in [1, 3, 20] {
            let request = ClipRequest(path: clip.path, numFrames: numFrames, sampling: .middle)
            let indexed = try DecodedClip(request)
            var sequential = try DecodedClip(request, usesIndex: false)
            #expect(indexed.hashes == sequential.hashes)
            sequential.receipt.decoding = indexed.receipt.decoding
            sequential.receipt.fallbackReason = indexed.receipt.fallbackReason
            #expect(indexed.receipt == sequential.receipt)
        }
    }

    @Test(arguments: PictureClip.all.filter { $0.video != "interlaced.avi" })
    func usesTheIndex(for clip: PictureClip) throws {
        let receipt = try DecodedClip(ClipRequest(path: clip.path)).receipt
        #expect(receipt.fallbackReason.isEmpty)
        #expect(receipt.decoding == .indexed)
    }

    @Test func decodesInterlacedBPicturesOfMPEG4InOrder() throws {
        let clip = try PictureClip.named("interlaced.avi")
        let receipt = try DecodedClip(ClipRequest(path: clip.path)).receipt
        #expect(receipt.decoding == .sequential)
        #expect(
            receipt.fallbackReason == "interlaced B-pictures depend on all pictures before")
    }

    @Test(arguments: PictureClip.all)
    func readsLongFilesAgain(_ clip: PictureClip) throws {
        let request = ClipRequest(path: clip.path, numFrames: 5)
        let again = try DecodedClip(request, residentLimitBytes: 0)
        let kept = try DecodedClip(request)
        #expect(again.hashes == kept.hashes)
        #expect(again.receipt == kept.receipt)
    }

    /// Without the first key picture, or with other headers later on, nothing is left out.
    @Test func decodesEverythingOnceHeadersChange() throws {
        let folder = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: folder) }
        var bytes = try Data(contentsOf: URL(fileURLWithPath: PictureClip.named("packed.avi").path))
        let layer = Data([0, 0, 1, 0x20])
        let first = try #require(bytes.range(of: layer))
        let second = try #require(bytes.range(of: layer, in: first.upperBound..<bytes.count))
        // The aspect ratio of the second header, which changes no picture.
        bytes[second.upperBound + 2] ^= 0x01
        let path = folder.appendingPathComponent("changed.avi")
        try bytes.write(to: path)
        let receipt = try DecodedClip(ClipRequest(path: path.path)).receipt
        #expect(receipt.fallbackReason == "headers change within the stream")
    }

    /// Any outcome will do, except a crash or frames other than those of a full decode.
    @Test(arguments: PictureClip.all)
    func survivesFlippedBits(in clip: PictureClip) throws {
        let folder = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: folder) }
        let whole = try Data(contentsOf: URL(fileURLWithPath: clip.path))
        let path = folder.appendingPathComponent("flipped").path
        for round in 0..<20 {
            var bytes = whole
            for flip in 0..<3 {
                let place = Int((UInt64(round * 3 + flip + 1) &* 0x9E37_79B9_7F4A_7C15) >> 33)
                bytes[place % bytes.count] ^= 1 << UInt8(flip)
            }
            try bytes.write(to: URL(fileURLWithPath: path))
            guard let indexed = try? DecodedClip(ClipRequest(path: path)),
                let sequential = try? DecodedClip(ClipRequest(path: path), usesIndex: false)
            else { continue }
            #expect(indexed.receipt.numFrames == sequential.receipt.numFrames)
            #expect(indexed.hashes == sequential.hashes)
        }
    }
}
