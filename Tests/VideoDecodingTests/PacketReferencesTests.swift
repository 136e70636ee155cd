import CFFmpeg
import Recipes
import TestSupport
import Testing

@testable import VideoDecoding

@Suite struct PacketReferencesTests {
    /// A stream, and how many of its packets change nothing that any other may read.
    ///
    /// Counted with `ffmpeg -bsf:v trace_headers`: in AV1 and VP9 packets without `refresh_frame_flags`
    /// (in VP9 only if all frames are error-resilient), in HEVC those with an even `nal_unit_type`
    /// below 16 and the highest `nuh_temporal_id`.
    struct Stream: CustomTestStringConvertible, Sendable {
        let name: String
        let numUnread: Int
        var path: String { Fixtures.path("videos/references/\(name)") }
        var testDescription: String { name }
    }

    static let streams = [
        Stream(name: "hevc_open_gop.mp4", numUnread: 24),
        Stream(name: "hevc_closed_gop.mkv", numUnread: 42),
        Stream(name: "hevc_temporal_layers.mp4", numUnread: 28),
        Stream(name: "hevc_no_pyramid.ts", numUnread: 36),
        Stream(name: "av1_svt.mkv", numUnread: 42),
        Stream(name: "av1_svt_grain.mp4", numUnread: 27),
        Stream(name: "av1_aom.mp4", numUnread: 21),
        Stream(name: "vp9_error_resilient_layers.webm", numUnread: 12),
        Stream(name: "vp9_layers.webm", numUnread: 0),
        Stream(name: "vp9_alternate_reference.webm", numUnread: 0),
    ]

    /// The packets of `path`, all in memory.
    private func packets(_ path: String) throws -> PacketSource {
        let file = try openVideo(path)
        return try PacketSource(residentLimitBytes: 1 << 30, log: MessageLog()) {
            () throws(DecodeError) in
            try Demuxer(file, maxPixels: 1 << 26, deadline: Deadline(seconds: 600))
        }
    }

    /// sha256 of the planes of the frames that `plan` names, in order, and how they were found.
    private func planes(
        _ packets: inout PacketSource, _ index: FrameIndex, _ plan: SamplePlan, indexed: Bool
    ) throws -> [String] {
        var found: [String] = []
        let deadline = Deadline(seconds: 600)
        func emit(_ slots: [Int], _ decoder: borrowing PacketDecoder) throws(DecodeError) {
            let hash = sha256(VideoDecodingTests.planes(of: decoder.frame.pointee))
            found += slots.map { _ in hash }
        }
        if indexed {
            let pass = try IndexedPass(
                &packets, index: index, plan: plan, maxPixels: 1 << 26, deadline: deadline,
                emit: emit)
            #expect(pass.mismatch == nil)
        } else {
            let pass = try SequentialPass(
                &packets, plan: plan, keepsDamaged: false, maxPixels: 1 << 26, deadline: deadline,
                emit: emit)
            #expect(pass.damage == Damage())
        }
        return found
    }

    @Test(arguments: streams)
    func givesTheSamePlanesForEachFrameAlone(in stream: Stream) throws {
        var packets = try packets(stream.path)
        let unit = packets.demuxer.stream.timeBase
        let index = FrameIndex(packets.entries, stream: packets.demuxer.stream)
        #expect(index.doubt == nil)
        let all = try SamplePlan(
            ClipRequest(path: stream.path, numFrames: index.frames.count), frames: index.frames,
            timeBase: unit)
        let expected = try planes(&packets, index, all, indexed: false)
        let origin = index.frames.first?.pts ?? 0
        for number in index.frames.indices {
            let pts = try #require(index.frames[number].pts)
            let seconds = Double(pts - origin) * Double(unit.num) / Double(unit.den)
            let plan = try SamplePlan(
                ClipRequest(path: stream.path, startSeconds: seconds, numFrames: 1),
                frames: index.frames, timeBase: unit)
            #expect(plan.indices == [number])
            #expect(try planes(&packets, index, plan, indexed: true) == [expected[number]])
        }
    }

    @Test(arguments: streams)
    func findsThePacketsThatChangeNothing(in stream: Stream) throws {
        let packets = try packets(stream.path)
        let references = packets.references
        let reads = references.reduce(0) { $0 | $1.reads }
        #expect(references.count == packets.entries.count)
        #expect(references.count { $0.writes & reads == 0 } == stream.numUnread)
    }

    @Test func leavesOutWhatNobodyReads() {
        func packet(reads: UInt16, writes: UInt16) -> PacketReferences {
            PacketReferences(reads: reads, writes: writes, replaces: writes)
        }
        let packets = [
            packet(reads: 0, writes: 3), packet(reads: 1, writes: 0), packet(reads: 1, writes: 2),
            packet(reads: 2, writes: 4), packet(reads: 1, writes: 2), packet(reads: 2, writes: 1),
        ]
        #expect(packets.dispensable(in: 0..<6, wanted: [5]) == [1, 2, 3])
        #expect(packets.dispensable(in: 0..<6, wanted: [3, 5]) == [1])
        #expect(packets.dispensable(in: 1..<6, wanted: [5]) == [2, 3])
        #expect([PacketReferences]().dispensable(in: 0..<6, wanted: [5]).isEmpty)
    }

    @Test func keepsEverythingItDoesNotUnderstand() {
        let packets = [PacketReferences](repeating: .unknown, count: 4)
        #expect(packets.dispensable(in: 0..<4, wanted: [3]).isEmpty)
    }

    /// What comes of bytes that are no packet of the codec.
    @Test func takesStrangeBytesAsUnknown() {
        var readers: [any PacketReferenceReader] = [
            HEVCReferences(extradata: []), AV1References(extradata: [0x81]), VP9References(),
        ]
        for number in readers.indices {
            for bytes in [[], [0xff], [0, 0, 1], [UInt8](repeating: 0xff, count: 64)] as [[UInt8]] {
                #expect(readers[number].references(of: bytes.span) == .unknown)
            }
        }
    }
}
