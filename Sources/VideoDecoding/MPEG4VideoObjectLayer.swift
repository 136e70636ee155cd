/// What the header of an MPEG-4 video object layer says about its pictures.
///
/// Source: ISO/IEC 14496-2 section 6.2.3, read as `decode_vol_header` in
/// `libavcodec/mpeg4videodec.c` does.
struct MPEG4VideoObjectLayer {
    /// Simple and advanced simple profile, the ones whose streams say nothing about reordering.
    static let simpleTypes: Set<Int> = [1, 17]

    let type: Int
    /// Whether references are shown at once; `nil` if the header does not say.
    let isLowDelay: Bool?
    /// Units of time per second.
    let timeResolution: Int
    let numTimeBits: Int
    let width: Int
    let height: Int
    let isInterlaced: Bool
    /// Whether S-VOPs move the whole picture (GMC).
    let movesGlobally: Bool
    private(set) var numWarpingPoints = 0

    /// Reads the header that follows the start code.
    ///
    /// Fails for tools that no common encoder uses.
    init?(_ bits: inout BitReader) {
        bits.skip(1)
        type = bits.read(8)
        let version = bits.readFlag() ? bits.read(7) >> 3 : 1
        if bits.read(4) == 15 { bits.skip(16) }
        if bits.readFlag() {
            guard bits.read(2) == 1 else { return nil }
            isLowDelay = bits.readFlag()
            if bits.readFlag() { bits.skip(79) }
        } else {
            isLowDelay = nil
        }
        guard bits.read(2) == 0 else { return nil }
        bits.skip(1)
        timeResolution = bits.read(16)
        guard timeResolution > 0 else { return nil }
        numTimeBits = max(1, Int.bitWidth - (timeResolution - 1).leadingZeroBitCount)
        bits.skip(1)
        if bits.readFlag() { bits.skip(numTimeBits) }
        bits.skip(1)
        width = bits.read(13)
        bits.skip(1)
        height = bits.read(13)
        bits.skip(1)
        guard width > 0, height > 0 else { return nil }
        isInterlaced = bits.readFlag()
        bits.skip(1)
        let sprites = bits.read(version == 1 ? 1 : 2)
        guard sprites == 0 || sprites == 2 else { return nil }
        movesGlobally = sprites == 2
        if movesGlobally {
            numWarpingPoints = bits.read(6)
            bits.skip(2)
            guard numWarpingPoints <= 3, !bits.readFlag() else { return nil }
        }
        // Eight bits a sample.
        guard !bits.readFlag() else { return nil }
        if bits.readFlag() {
            for _ in 0..<2 where bits.readFlag() { Self.skipMatrix(&bits) }
        }
        if version != 1 { bits.skip(1) }
        // Without complexity estimation.
        guard bits.readFlag() else { return nil }
        bits.skip(1)
        if bits.readFlag() { bits.skip(1) }
        if version != 1 {
            guard bits.read(2) == 0 else { return nil }
        }
        guard !bits.readFlag() else { return nil }
    }

    private static func skipMatrix(_ bits: inout BitReader) {
        for _ in 0..<64 {
            if bits.read(8) == 0 { return }
        }
    }

    /// The number of macroblocks of a picture.
    var numMacroblocks: Int { (width + 15) / 16 * ((height + 15) / 16) }
}
