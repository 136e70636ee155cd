/// The header of an MPEG-4 picture.
///
/// Source: ISO/IEC 14496-2 section 6.2.5.
struct MPEG4VideoObjectPlane {
    let kind: PictureKind
    /// Whole seconds since the last clock mark.
    private(set) var numSeconds = 0
    let timeIncrement: Int
    /// Whether the picture holds data; otherwise it is a placeholder.
    let isCoded: Bool

    /// Reads the header that follows the start code; fails where libavcodec would refuse it.
    init?(_ bits: inout BitReader, layer: MPEG4VideoObjectLayer, headers: MPEG4Headers) {
        let type = bits.read(2)
        let isSprite = type == 3
        guard !isSprite || layer.movesGlobally else { return nil }
        kind = type == 0 ? .intra : type == 2 ? .disposable : .predicted
        while bits.readFlag() {
            numSeconds += 1
            guard numSeconds < 1024 else { return nil }
        }
        bits.skip(1)
        guard bits.peek(layer.numTimeBits + 1) & 1 == 1 else { return nil }
        timeIncrement = bits.read(layer.numTimeBits)
        bits.skip(1)
        isCoded = bits.readFlag()
        guard isCoded else { return }
        // Rounding type, threshold for DC coefficients, field order and scan.
        bits.skip((kind == .predicted ? 1 : 0) + 3 + (layer.isInterlaced ? 2 : 0))
        if isSprite {
            for _ in 0..<layer.numWarpingPoints {
                guard Self.skipTrajectory(&bits, hasMarkers: !headers.lacksSpriteMarkers) else {
                    return nil
                }
            }
        }
        guard bits.read(5) > 0 else { return nil }
        if kind != .intra, bits.read(3) == 0 { return nil }
        if kind == .disposable, bits.read(3) == 0 { return nil }
    }

    /// Skips both coordinates of a warping point.
    ///
    /// Source: ISO/IEC 14496-2 table B-33.
    private static func skipTrajectory(_ bits: inout BitReader, hasMarkers: Bool) -> Bool {
        for axis in 0..<2 {
            var length = bits.read(2)
            if length == 0 {
                // No bits follow.
            } else if length < 3 {
                length = (length << 1 | bits.read(1)) - 1
            } else {
                length = bits.read(1) == 0 ? 5 : 6
                while length > 5, bits.readFlag() {
                    length += 1
                    guard length < 15 else { return false }
                }
            }
            bits.skip(length)
            if axis == 1 || hasMarkers { bits.skip(1) }
        }
        return true
    }
}
