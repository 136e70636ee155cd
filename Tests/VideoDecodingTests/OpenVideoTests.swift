import Files
import Foundation
import TestSupport
import Testing

@testable import VideoDecoding

struct OpenVideoTests {
    @Test func readsTheOpenFileWhateverHasItsName() throws {
        let folder = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("video.mp4").path
        let original = Fixtures.path("videos/real/park.mp4")
        try FileManager.default.copyItem(atPath: original, toPath: path)
        var request = ClipRequest(path: path)
        request.file = try openVideo(path)
        try publishFile(try readFile(Fixtures.path("videos/real/bikes.mp4")), at: path)
        // A file whose packets do not stay in memory is opened anew in the middle.
        let decoded = try DecodedClip(request, residentLimitBytes: 0)
        #expect(try decoded.hashes == DecodedClip(ClipRequest(path: original)).hashes)
    }
}
