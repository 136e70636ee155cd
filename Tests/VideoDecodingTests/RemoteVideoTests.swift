import Recipes
import TestSupport
import Testing

@testable import VideoDecoding

/// Videos behind web addresses, served by this process.
@Suite(.serialized)
struct RemoteVideoTests {
    private func receipt(_ path: String) throws -> (ClipReceipt, [UInt8]) {
        var decoder = ClipDecoder()
        var pixels: [UInt8] = []
        let request = ClipRequest(path: path, numFrames: 3, timeoutSeconds: 30)
        let receipt = try decoder.decode(request) { _, frame in pixels += frame.pixels }
        return (receipt, pixels)
    }

    static let moods: [LoopbackServer.Mood] = [.good, .busy(2), .dropping(1)]

    @Test(arguments: [0, 1, 2])
    func decodesTheSameAsFromAFile(_ mood: Int) throws {
        let path = Fixtures.path("videos/real/bikes.mp4")
        let server = try LoopbackServer(path: path, mood: Self.moods[mood])
        let (local, localPixels) = try receipt(path)
        let (remote, remotePixels) = try receipt(server.url)
        #expect(remote == local && remotePixels == localPixels)
        #expect(server.requests.count > (mood == 0 ? 0 : 1))
    }

    @Test func givesUpOnAServerThatStaysBusy() throws {
        let server = try LoopbackServer(
            path: Fixtures.path("videos/real/park.mp4"), mood: .busy(1000))
        var decoder = ClipDecoder()
        let request = ClipRequest(path: server.url, numFrames: 3, timeoutSeconds: 2)
        #expect(throws: DecodeError.self) { try decoder.decode(request) { _, _ in } }
    }
}
