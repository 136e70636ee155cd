/// What VP9 packets depend on, from the uncompressed headers of their frames.
///
/// Places 0 to 7 are the reference slots. Place 8 is everything else that lasts: the four sets of
/// probabilities, loop filter deltas, segmentation and the previous frame's motion vectors. Only
/// key frames and error-resilient ones set it anew.
/// Source: VP9 bitstream specification sections 6.2, 7.2 (`setup_past_independence`,
/// `UsePrevFrameMvs`) and annex B.
struct VP9References: PacketReferenceReader {
    private static let slots: UInt16 = 0xff
    private static let state: UInt16 = 0x100

    mutating func references(of data: Span<UInt8>) -> PacketReferences {
        var whole = PacketReferences(reads: 0, writes: 0, replaces: 0)
        for start in frameStarts(of: data) {
            whole = whole.followed(by: frame(data.bytes(from: start, upTo: 8)))
        }
        return whole
    }

    /// Where the frames of a packet begin, several in a superframe.
    private func frameStarts(of data: Span<UInt8>) -> [Int] {
        guard !data.isEmpty else { return [0] }
        let marker = Int(data[data.count - 1])
        guard marker & 0xe0 == 0xc0 else { return [0] }
        let (numFrames, sizeBytes) = (marker & 7 + 1, marker >> 3 & 3 + 1)
        let index = data.count - (2 + numFrames * sizeBytes)
        guard index >= 0, Int(data[index]) == marker else { return [0] }
        var starts = [0]
        for frame in 0..<numFrames - 1 {
            var size = 0
            for byte in (0..<sizeBytes).reversed() {
                size = size << 8 | Int(data[index + 1 + frame * sizeBytes + byte])
            }
            starts.append((starts.last ?? 0) + size)
        }
        return starts
    }

    private func frame(_ header: [UInt8]) -> PacketReferences {
        var bits = BitReader(header)
        guard header.count == 8, bits.read(2) == 2 else { return .unknown }
        let profile = bits.read(1) | bits.read(1) << 1
        if profile == 3 { bits.skip(1) }
        if bits.readFlag() {  // show_existing_frame
            let slot = UInt16(1) << UInt16(bits.read(3))
            return PacketReferences(
                reads: slot | Self.state, writes: Self.state, replaces: 0)
        }
        let isInter = bits.readFlag()
        let isShown = bits.readFlag()
        let isErrorResilient = bits.readFlag()
        guard isInter else {
            let all = Self.slots | Self.state
            return PacketReferences(reads: 0, writes: all, replaces: all)
        }
        let isIntraOnly = !isShown && bits.readFlag()
        if !isErrorResilient { bits.skip(2) }  // reset_frame_context
        // Further fields come first in an intra-only frame.
        if isIntraOnly { return .unknown }
        let refreshed = UInt16(bits.read(8))
        var reads: UInt16 = isErrorResilient ? 0 : Self.state
        for _ in 0..<3 {
            reads |= 1 << UInt16(bits.read(3))
            bits.skip(1)
        }
        return PacketReferences(
            reads: reads, writes: refreshed | Self.state, replaces: refreshed | Self.state)
    }
}
