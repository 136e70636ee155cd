import Files
import Foundation
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

    static let moods: [LoopbackServer.Mood] = [
        .good, .busy(2), .dropping(1), .withoutRanges,
    ]

    @Test(arguments: [0, 1, 2, 3])
    func decodesTheSameAsFromAFile(_ mood: Int) throws {
        let path = Fixtures.path("videos/real/bikes.mp4")
        let server = try LoopbackServer(path: path, mood: Self.moods[mood])
        let (local, localPixels) = try receipt(path)
        let (remote, remotePixels) = try receipt(server.url)
        #expect(remote == local && remotePixels == localPixels)
        #expect(server.requests.count == [1, 3, 2, 1][mood])
    }

    /// Why a video cannot be fetched; its time limit is far away.
    private func cause(_ url: String) -> String {
        var decoder = ClipDecoder()
        let request = ClipRequest(path: url, numFrames: 3, timeoutSeconds: 600)
        let error = #expect(throws: DecodeError.self) { try decoder.decode(request) { _, _ in } }
        #expect(error?.reason == "unreachable")
        return error?.description ?? ""
    }

    @Test func saysThatAConnectionIsRefused() throws {
        let port = try LoopbackServer(path: Fixtures.path("videos/real/park.mp4")).port
        #expect(cause("http://127.0.0.1:\(port)/a.mp4").contains("Connection refused"))
    }

    @Test(arguments: [404, 500, 503])
    func saysWhatStatusAServerAnswers(_ status: Int) throws {
        let server = try LoopbackServer(
            path: Fixtures.path("videos/real/park.mp4"), mood: .failing(status))
        #expect(cause(server.url).contains("status \(status)"))
    }

    @Test func refusesRedirectsToAnotherHost() throws {
        let path = Fixtures.path("videos/real/park.mp4")
        let target = try LoopbackServer(path: path)
        let server = try LoopbackServer(
            path: path, mood: .redirecting("http://localhost:\(target.port)/clip.mp4"))
        #expect(cause(server.url).contains("redirects to the host `localhost`"))
        #expect(target.requests.isEmpty)
    }

    @Test func followsRedirectsToHostsThatTheManifestNames() throws {
        let path = Fixtures.path("videos/real/park.mp4")
        let target = try LoopbackServer(path: path)
        let server = try LoopbackServer(
            path: path, mood: .redirecting("http://localhost:\(target.port)/clip.mp4"))
        let scratch = try makeUnnamedFile(in: "/tmp")
        defer { close(scratch) }
        var video = try RemoteVideo(
            server.url.replacing("://", with: "://me:secret@"), allowedHosts: ["localhost"],
            deadline: Deadline(seconds: 60))
        let stamp = try video.fetch(into: scratch)
        #expect(stamp.length == (try FileStamp(path: path)).size)
        // A password is for the host that it was given for.
        #expect(server.authorizations == ["Basic bWU6c2VjcmV0"] && target.authorizations == [""])
    }

    @Test func saysThatRedirectsHaveNoEnd() throws {
        let server = try LoopbackServer(
            path: Fixtures.path("videos/real/park.mp4"), mood: .redirecting("/again"))
        #expect(cause(server.url).contains("redirects too many times"))
    }

    @Test func givesUpOnAServerWhoseEveryAnswerBreaksOff() throws {
        let server = try LoopbackServer(
            path: Fixtures.path("videos/real/park.mp4"), mood: .breakingOff)
        #expect(cause(server.url).contains("connection broke"))
        #expect(server.requests.count < 6)
    }

    @Test func givesUpOnAServerThatStaysBusy() throws {
        let server = try LoopbackServer(
            path: Fixtures.path("videos/real/park.mp4"), mood: .busy(1000))
        var decoder = ClipDecoder()
        let request = ClipRequest(path: server.url, numFrames: 3, timeoutSeconds: 2)
        #expect(throws: DecodeError.self) { try decoder.decode(request) { _, _ in } }
    }
}
