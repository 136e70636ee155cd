/// Finds out what libavcodec makes of each packet of Microsoft's MPEG-4 variants 1 to 3 and of
/// Windows Media Video 7, its fourth.
///
/// Source: `ff_msmpeg4_decode_picture_header` in `libavcodec/msmpeg4dec.c`.
struct MSMPEG4PacketReader: PacketReader {
    let version: Int
    let width: Int
    let height: Int

    mutating func read(_ data: Span<UInt8>) -> PacketContent {
        let numRows = (height + 15) / 16
        guard data.count * 64 >= (width + 15) / 16 * numRows else {
            return .doubtful("a picture is too short")
        }
        var bits = BitReader(data.prefix(from: 0, limit: 16))
        if version == 1 {
            guard bits.read(32) == 0x100 else { return .doubtful("a picture header is damaged") }
            bits.skip(5)
        }
        let type = bits.read(2)
        guard type < 2, bits.read(5) > 0 else { return .doubtful("a picture header is damaged") }
        if type == 0 {
            let slices = bits.read(5)
            guard version == 1 ? 1...numRows ~= slices : slices >= 0x17 else {
                return .doubtful("a picture header is damaged")
            }
        }
        return .picture(type == 0 ? .intra : .predicted, isDelayed: false)
    }
}

/// Finds out what libavcodec makes of each packet of a Windows Media Video 8 stream.
///
/// Source: `ff_wmv2_decode_picture_header` in `libavcodec/wmv2dec.c`.
struct WMV2PacketReader: PacketReader {
    let width: Int
    let height: Int

    mutating func read(_ data: Span<UInt8>) -> PacketContent {
        var bits = BitReader(data.prefix(from: 0, limit: 1024))
        let isPredicted = bits.readFlag()
        if !isPredicted { bits.skip(7) }
        guard bits.read(5) > 0 else { return .doubtful("a picture header is damaged") }
        if !isPredicted {
            return data.count * 64 >= (width + 15) / 16 * ((height + 15) / 16) + 256
                ? .picture(.intra, isDelayed: false) : .doubtful("a picture is too short")
        }
        guard let numCoded = readSkips(&bits) else { return .nothing }
        return numCoded > data.count * 8 - bits.position
            ? .doubtful("a picture is too short") : .picture(.predicted, isDelayed: false)
    }

    /// The number of macroblocks that do not repeat the picture before; `nil` if the decoder leaves
    /// the whole picture out because it says so by rows or columns.
    private func readSkips(_ bits: inout BitReader) -> Int? {
        let numColumns = (width + 15) / 16
        let numRows = (height + 15) / 16
        let type = bits.read(2)
        guard type > 0 else { return numColumns * numRows }
        let (numLines, length) = type == 3 ? (numColumns, numRows) : (numRows, numColumns)
        var numCoded = 0
        var numSkippedLines = 0
        for _ in 0..<numLines {
            if type > 1, bits.readFlag() {
                numSkippedLines += 1
            } else {
                for _ in 0..<length where !bits.readFlag() { numCoded += 1 }
            }
        }
        return numSkippedLines == numLines ? nil : numCoded
    }
}
