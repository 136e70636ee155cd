import Foundation
import Recipes
import TestSupport
import Testing

@testable import VideoDecoding

@Suite struct HostileInputTests {
    /// Content that pretends to be a video, and how it is refused.
    struct Bait: CustomTestStringConvertible, Sendable {
        let name: String
        /// `@` stands for the path of a real video.
        let content: String
        let reason: String
        var testDescription: String { name }
    }

    static let baits = [
        Bait(
            name: "playlist.mp4",
            content: "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n@\n#EXT-X-ENDLIST\n",
            reason: "unsupported-container"),
        Bait(
            name: "script.mp4", content: "ffconcat version 1.0\nfile '@'\n",
            reason: "unsupported-container"),
        Bait(
            name: "session.mp4",
            content: "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
                + "m=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n",
            reason: "unsupported-container"),
        Bait(
            name: "manifest.mp4",
            content: "<?xml version=\"1.0\"?><MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" "
                + "profiles=\"urn:mpeg:dash:profile:isoff-live:2011\"><BaseURL>@</BaseURL></MPD>\n",
            reason: "unsupported-container"),
        Bait(name: "notes.txt", content: "just words\n", reason: "unreadable"),
        Bait(name: "frame%03d.mp4", content: "no picture", reason: "unreadable"),
    ]

    @Test(arguments: baits)
    func opensNothingElse(than bait: Bait) throws {
        let folder = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent(bait.name).path
        let target = Fixtures.path("videos/derived/one_frame.mp4")
        try bait.content.replacing("@", with: target).write(
            toFile: path, atomically: true, encoding: .utf8)
        let error = #expect(throws: DecodeError.self) { try DecodedClip(ClipRequest(path: path)) }
        #expect(error?.reason == bait.reason)
        #expect(error?.stage == .open)
    }

    @Test(arguments: ["concat:@", "subfile,,start,0,end,0,,:@", "async:@", "file:@", "data:video"])
    func takesOtherProtocolsAsFileNames(_ address: String) {
        let path = address.replacing("@", with: Fixtures.path("videos/derived/one_frame.mp4"))
        let error = #expect(throws: DecodeError.self) { try DecodedClip(ClipRequest(path: path)) }
        #expect(error == .missing)
    }

    @Test func refusesWhatIsNoRegularFile() throws {
        let folder = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: folder) }
        let pipe = folder.appendingPathComponent("pipe.mp4").path
        #expect(mkfifo(pipe, 0o600) == 0)
        for path in [folder.path, pipe, "/dev/zero"] {
            let error = #expect(throws: DecodeError.self) {
                try DecodedClip(ClipRequest(path: path))
            }
            #expect(error?.reason == "not-a-file")
        }
    }

    @Test(arguments: ["", "/nowhere/clip.mp4", "clip\0.mp4"])
    func refusesMissingFiles(_ path: String) {
        #expect(throws: DecodeError.missing) { try DecodedClip(ClipRequest(path: path)) }
    }

    @Test func refusesPicturesAboveTheLimitBeforeDecoding() {
        let path = Fixtures.path("videos/real/bikes.mp4")
        #expect(throws: DecodeError.tooLarge(width: 640, height: 272, maxPixels: 174_079)) {
            try DecodedClip(ClipRequest(path: path, maxPixels: 640 * 272 - 1))
        }
    }

    @Test func givesUpOnAServerThatNeverAnswers() throws {
        let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(server) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        try withUnsafeMutablePointer(to: &address) { pointer in
            try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                try #require(bind(server, $0, size) == 0 && listen(server, 1) == 0)
                try #require(getsockname(server, $0, &size) == 0)
            }
        }
        let url = "http://127.0.0.1:\(UInt16(bigEndian: address.sin_port))/clip.mp4"
        #expect(throws: DecodeError.stalled(stage: .open, seconds: 2)) {
            try DecodedClip(ClipRequest(path: url, timeoutSeconds: 0.2))
        }
    }

    @Test func givesUpOnALongDecode() {
        let path = Fixtures.path("videos/real/street.avi")
        let error = #expect(throws: DecodeError.self) {
            try DecodedClip(ClipRequest(path: path, timeoutSeconds: 0.005))
        }
        #expect(error?.reason == "timeout")
    }

    @Test(arguments: ["band.mkv", "band.webm", "street.avi", "city.mpg", "world.mp4"])
    func noticesACutFile(_ name: String) throws {
        let folder = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: folder) }
        let whole = try Data(contentsOf: URL(fileURLWithPath: Fixtures.path("videos/real/\(name)")))
        let path = folder.appendingPathComponent(name)
        try whole.prefix(whole.count * 6 / 10).write(to: path)
        let error = #expect(throws: DecodeError.self) {
            try DecodedClip(ClipRequest(path: path.path))
        }
        #expect(error?.reason == "damaged")
    }

    /// Any outcome will do, except a crash or a wrong number of pictures.
    @Test(arguments: [
        "real/realshort.mp4", "derived/realshort_opengop.ts", "derived/world_hevc.mp4",
        "derived/world_av1.mkv", "derived/three_frames_mjpeg.avi", "derived/one_frame.mp4",
    ])
    func survivesFlippedBits(in name: String) throws {
        let folder = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: folder) }
        let whole = try Data(contentsOf: URL(fileURLWithPath: Fixtures.path("videos/\(name)")))
        let path = folder.appendingPathComponent("flipped").path
        for round in 0..<20 {
            var bytes = whole
            for flip in 0..<8 {
                // A multiplicative hash: always the same places, all over the file.
                let place = Int((UInt64(round * 8 + flip + 1) &* 0x9E37_79B9_7F4A_7C15) >> 33)
                bytes[place % bytes.count] ^= 1 << UInt8(flip)
            }
            try bytes.write(to: URL(fileURLWithPath: path))
            do {
                let decoded = try DecodedClip(ClipRequest(path: path))
                #expect(decoded.slots.count == 8)
            } catch let error as DecodeError {
                #expect(error.description.hasSuffix("."))
            }
        }
    }
}
