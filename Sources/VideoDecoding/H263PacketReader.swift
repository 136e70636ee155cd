/// Finds out what libavcodec makes of each packet of an H.263 stream.
///
/// Source: ITU-T H.263 section 5.1; `ff_h263_decode_picture_header` in `libavcodec/ituh263dec.c`.
struct H263PacketReader: PacketReader {
    /// Size and options of the first picture, which the others must share: the decoder keeps some
    /// from one picture to the next.
    private var options: [Int]?

    mutating func read(_ data: Span<UInt8>) -> PacketContent {
        var bits = BitReader(data.prefix(from: 0, limit: 64))
        guard bits.read(22) == 0x20 else { return .doubtful("a picture does not begin its packet") }
        bits.skip(8)
        guard bits.read(2) == 2 else { return .doubtful("a picture header is damaged") }
        bits.skip(3)
        let format = bits.read(3)
        let picture = format < 6 ? readType(&bits, format: format) : readPlusType(&bits)
        guard let picture else { return .doubtful("a picture header is damaged or rare") }
        guard picture.options == options ?? picture.options else {
            return .doubtful("pictures change their size or options")
        }
        options = picture.options
        return picture.numPixels / 2048 > data.count * 8 - bits.position
            ? .doubtful("a picture is too short") : .picture(picture.kind, isDelayed: false)
    }

    private struct Picture {
        var kind: PictureKind
        var options: [Int]
        var numPixels: Int
    }

    /// The baseline header from the picture type on.
    private func readType(_ bits: inout BitReader, format: Int) -> Picture? {
        guard let numPixels = Self.numPixels(format) else { return nil }
        let kind: PictureKind = bits.readFlag() ? .predicted : .intra
        bits.skip(1)
        // Arithmetic coding; two pictures in one (PB).
        guard !bits.readFlag() else { return nil }
        bits.skip(1)
        guard !bits.readFlag() else { return nil }
        bits.skip(6)
        return skipSupplements(&bits)
            ? Picture(kind: kind, options: [format], numPixels: numPixels) : nil
    }

    /// The header of H.263+; only headers that describe the picture completely are read.
    private func readPlusType(_ bits: inout BitReader) -> Picture? {
        guard bits.read(3) == 1 else { return nil }
        let format = bits.read(3)
        let modes = bits.read(15)
        let hasCustomClock = modes & 0x4000 != 0
        let hasUnrestrictedVectors = modes & 0x2000 != 0
        let hasSlices = modes & 0x0100 != 0
        // Arithmetic coding, chosen references, independent segments.
        guard modes & 0x1000 == 0, modes & 0x00c0 == 0 else { return nil }
        let type = bits.read(3)
        guard type < 2 else { return nil }
        bits.skip(7)
        var options = [7, format, modes]
        var numPixels = Self.numPixels(format)
        if format == 6 {
            let aspect = bits.read(4)
            options.append(bits.read(9))
            bits.skip(1)
            options.append(bits.read(9))
            if aspect == 15 { bits.skip(16) }
            numPixels = (options[3] + 1) * 4 * options[4] * 4
        }
        guard let numPixels, numPixels > 0 else { return nil }
        if hasCustomClock {
            bits.skip(1)
            guard bits.read(7) > 0 else { return nil }
            bits.skip(2)
        }
        if hasUnrestrictedVectors, !bits.readFlag() { bits.skip(1) }
        bits.skip(hasSlices ? 7 : 5)
        return skipSupplements(&bits) && (!hasSlices || bits.readFlag())
            ? Picture(kind: type == 0 ? .intra : .predicted, options: options, numPixels: numPixels)
            : nil
    }

    private static func numPixels(_ format: Int) -> Int? {
        [1: 128 * 96, 2: 176 * 144, 3: 352 * 288, 4: 704 * 576, 5: 1408 * 1152][format]
    }
}

/// Finds out what libavcodec makes of each packet of a Sorenson H.263 stream, as in Flash video.
///
/// Source: `ff_flv_decode_picture_header` in `libavcodec/flvdec.c`.
struct FLV1PacketReader: PacketReader {
    private var size: Int?

    mutating func read(_ data: Span<UInt8>) -> PacketContent {
        var bits = BitReader(data.prefix(from: 0, limit: 64))
        guard bits.read(17) == 1, bits.read(5) < 2 else {
            return .doubtful("a picture header is damaged")
        }
        bits.skip(8)
        let format = bits.read(3)
        let length = [0: 16, 1: 32][format] ?? 0
        let size = format << 32 | bits.read(length)
        guard format < 7, size == self.size ?? size else {
            return .doubtful("pictures change their size")
        }
        self.size = size
        let type = bits.read(2)
        bits.skip(6)
        guard skipSupplements(&bits), bits.position < data.count * 8 else {
            return .doubtful("a picture header is damaged")
        }
        let kinds: [PictureKind] = [.intra, .predicted, .disposable, .disposable]
        return .picture(kinds[type], isDelayed: false)
    }
}

/// Skips bytes that each follow a set bit; `false` if they do not end.
private func skipSupplements(_ bits: inout BitReader) -> Bool {
    for _ in 0..<32 {
        guard bits.readFlag() else { return true }
        bits.skip(8)
    }
    return false
}
