import CFFmpeg
import Recipes
import TestSupport
import Testing

@testable import VideoDecoding

@Suite struct PacketDecoderTests {
    @Test(arguments: GoldenClip.withOutcome("ok"))
    func givesTheReferencePlanes(of clip: GoldenClip) throws {
        let deadline = Deadline(seconds: 600)
        let file = try openVideo(clip.path)
        var packets = try PacketSource(residentLimitBytes: 1 << 30, log: MessageLog()) {
            () throws(DecodeError) in
            try Demuxer(file, maxPixels: 1 << 26, deadline: deadline)
        }
        let request = ClipRequest(path: clip.path)
        let frames = Array(repeating: FrameEntry(isKey: false), count: clip.frames ?? 0)
        let plan = try SamplePlan(
            request, frames: frames, timeBase: packets.demuxer.stream.timeBase)
        var hashes: [String] = []
        let pass = try SequentialPass(
            &packets, plan: plan, keepsDamaged: false, maxPixels: request.maxPixels,
            deadline: deadline
        ) { slots, decoder in
            let hash = sha256(planes(of: decoder.frame.pointee))
            hashes += slots.map { _ in hash }
        }
        try pass.rejectDamaged()
        #expect(pass.frames.count == clip.frames)
        #expect(hashes == clip.planesSha256)
    }
}

/// The planes of a picture one after another, rows without padding.
func planes(of frame: AVFrame) -> [UInt8] {
    let format = AVPixelFormat(rawValue: frame.format)
    let count = av_image_get_buffer_size(format, frame.width, frame.height, 1)
    var bytes = [UInt8](repeating: 0, count: Int(max(count, 0)))
    let lines = frame.linesize
    _ = withUnsafeBytes(of: frame.data) { data in
        av_image_copy_to_buffer(
            &bytes, count, data.assumingMemoryBound(to: UnsafePointer<UInt8>?.self).baseAddress,
            [lines.0, lines.1, lines.2, lines.3], format, frame.width, frame.height, 1)
    }
    return bytes
}
