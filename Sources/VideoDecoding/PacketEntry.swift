import CFFmpeg

/// What a packet tells without being decoded.
struct PacketEntry {
    var pts: Int64?
    var dts: Int64?
    var sizeBytes = 0
    var isKey = false
    var isCorrupt = false
    /// Whether a frame of this packet reaches the viewer.
    var isShown = true

    /// Whether both describe the same packet; libavformat may guess another `dts` after a jump, so
    /// it counts only where it is the only time.
    func isSame(as other: PacketEntry) -> Bool {
        pts == other.pts && (pts != nil || dts == other.dts) && sizeBytes == other.sizeBytes
            && isKey == other.isKey
    }
}

/// Whether the packet is one of VP8's or VP9's invisible reference frames.
///
/// Source: RFC 6386 section 9.1 (bit 4 is `show_frame`); VP9 bitstream specification section 6.2
/// (`uncompressed_header`) and annex B (a superframe always shows one of its frames).
func hidesFrame(_ data: Span<UInt8>, codecID: AVCodecID) -> Bool {
    guard !data.isEmpty else { return false }
    let first = data[0]
    switch codecID {
    case AV_CODEC_ID_VP8:
        return first & 0x10 == 0
    case AV_CODEC_ID_VP9:
        let isSuperframe = data[data.count - 1] & 0xe0 == 0xc0
        // From the top: marker (2 bits), profile (2), a reserved bit for profile 3 only, then
        // show_existing_frame, frame_type, show_frame.
        let bits = first & 0x30 == 0x30 ? first << 5 : first << 4
        let showsExisting = bits & 0x80 != 0
        let shows = bits & 0x20 != 0
        return !isSuperframe && !showsExisting && !shows
    default:
        return false
    }
}
