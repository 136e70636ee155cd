import CFFmpeg

/// What HEVC packets depend on, from the types and temporal layers of their NAL units.
///
/// Source: ITU-T H.265 section 7.4.2.2: a sub-layer non-reference picture is not used by pictures
/// of its own temporal layer or lower ones, and a picture uses none of a higher layer.
struct HEVCReferences: PacketReferenceReader {
    /// Bytes of the size before each NAL unit; `nil` if start codes separate them.
    private let lengthSize: Int?

    /// Reads from the `hvcC` box how NAL units are separated, as `libavcodec/hevc_parse.c` does.
    init(extradata: [UInt8]) {
        let isBox =
            extradata.count > 22 && (extradata[0] != 0 || extradata[1] != 0 || extradata[2] > 1)
        lengthSize = isBox ? Int(extradata[21] & 3) + 1 : nil
    }

    /// A NAL unit's type and layers, and whether a picture begins with it.
    private struct Unit {
        let type: UInt8
        let layer: UInt8
        let temporalID: UInt8
        let isFirstOfPicture: Bool

        init?(_ data: Span<UInt8>, at start: Int) {
            guard start + 2 < data.count, data[start + 1] & 7 > 0 else { return nil }
            type = data[start] >> 1 & 0x3f
            layer = (data[start] & 1) << 5 | data[start + 1] >> 3
            temporalID = data[start + 1] & 7 - 1
            isFirstOfPicture = data[start + 2] & 0x80 != 0
        }
    }

    /// The places: 0 holds pictures that any picture may use, 1 + t those of temporal layer t that
    /// only higher layers use.
    mutating func references(of data: Span<UInt8>) -> PacketReferences {
        var numPictures = 0
        var temporalID: UInt8 = 0
        var isReference = false
        var isKnown = true
        forEachUnit(of: data) { start in
            guard let unit = Unit(data, at: start), unit.layer == 0 else {
                isKnown = false
                return
            }
            switch unit.type {
            case 0...31:
                if unit.isFirstOfPicture { numPictures += 1 }
                temporalID = max(temporalID, unit.temporalID)
                // Types below 16 with an even number are sub-layer non-reference pictures.
                if unit.type >= 16 || unit.type % 2 == 1 { isReference = true }
            case 35, 38, 39, 40: break  // delimiter, filler and messages, which go with the picture
            default: isReference = true  // parameter sets and ends of sequences last
            }
        }
        guard isKnown, numPictures == 1 else { return .unknown }
        return PacketReferences(
            reads: (1 << (1 + UInt16(temporalID))) - 1,
            writes: isReference ? 1 : 1 << (1 + UInt16(temporalID)), replaces: 0)
    }

    /// Calls `body` with the first byte of each NAL unit, and with the end if a size is wrong.
    private func forEachUnit(of data: Span<UInt8>, _ body: (Int) -> Void) {
        var start = 0
        if let lengthSize {
            while start + lengthSize <= data.count {
                var length = 0
                for byte in start..<start + lengthSize { length = length << 8 | Int(data[byte]) }
                start += lengthSize
                body(length > 0 && length <= data.count - start ? start : data.count)
                start += length
            }
            return
        }
        while start + 3 <= data.count {
            if data[start + 2] > 1 {
                start += 3
            } else if data[start] == 0, data[start + 1] == 0, data[start + 2] == 1 {
                start += 3
                body(start)
            } else {
                start += 1
            }
        }
    }
}
