/// Finds out what libavcodec makes of each packet of an MPEG-1 or MPEG-2 stream.
///
/// Follows `decode_chunks` in `libavcodec/mpeg12dec.c`. A packet must hold one frame or both of its
/// fields; sequence headers may repeat but not change.
struct MPEG2PacketReader: PacketReader {
    private var sequence = MPEG2Sequence()
    private var doubt: String?
    private var isClosed = false
    private var numReferences = 0
    private var hasEnded = false
    private var hasSettled = false
    /// Source: `ff_er_frame_end` in `libavcodec/error_resilience.c`, which leaves fields as they
    /// are.
    private(set) var hidesDamage = false

    init(extradata: Span<UInt8>) {
        _ = readPictures(extradata)
    }

    mutating func read(_ data: Span<UInt8>) -> PacketContent {
        if hasEnded { doubt = doubt ?? "the stream goes on after its end" }
        let pictures = readPictures(data)
        hasSettled = true
        if pictures.contains(where: { $0.structure != 3 }) { hidesDamage = true }
        if doubt == nil { doubt = Self.doubt(pictures, sequence: sequence, size: data.count) }
        if let doubt { return .doubtful(doubt) }
        guard let first = pictures.first else {
            return hasEnded ? .nothing : .doubtful("a packet holds no picture")
        }
        guard first.kind == .disposable else {
            numReferences += 1
            // The second field of a key frame may refer to the picture before.
            let isPartly = first.kind == .intra && pictures.contains { $0.kind != .intra }
            let kind: PictureKind = isPartly ? .partlyIntra : first.kind
            return .picture(kind, isDelayed: !sequence.isLowDelay)
        }
        if sequence.isLowDelay {
            return .doubtful("B-pictures come although the header excludes them")
        }
        if numReferences < 2, isClosed {
            return .doubtful("B-pictures come before their references")
        }
        return .picture(.disposable, isDelayed: true)
    }

    /// One frame or field.
    private struct Picture {
        var kind: PictureKind
        /// 1 top field, 2 bottom field, 3 frame.
        var structure = 3
        var numSlices = 0
    }

    private mutating func readPictures(_ data: Span<UInt8>) -> [Picture] {
        var pictures: [Picture] = []
        var next = data.startCode(from: 0)
        while let code = next {
            next = data.startCode(from: code.end)
            if hasEnded { doubt = doubt ?? "the stream goes on after its end" }
            switch code.value {
            case 0x00:
                guard let kind = Self.readKind(data, at: code.end) else {
                    doubt = doubt ?? "a picture header is damaged"
                    return pictures
                }
                pictures.append(Picture(kind: kind))
            case 0x01...0xaf:
                guard !pictures.isEmpty, data.count - code.end > 1 else {
                    doubt = doubt ?? "a slice is damaged"
                    return pictures
                }
                let current = pictures.count - 1
                pictures[current].numSlices += 1
                let numRows =
                    pictures[current].structure == 3
                    ? sequence.numRows : sequence.numRows / 2
                if Int(code.value) > numRows { doubt = doubt ?? "a slice lies below the picture" }
            case 0xb3, 0xb5:
                let end = next.map { $0.end - 4 } ?? data.count
                readHeader(code, data.prefix(from: code.end, limit: end - code.end), &pictures)
            case 0xb7: hasEnded = true
            case 0xb8:
                if !pictures.isEmpty { doubt = doubt ?? "a group begins within a picture" }
                guard code.end + 3 < data.count else { break }
                isClosed = data[code.end + 3] & 0x40 != 0
            default: break
            }
        }
        return pictures
    }

    /// Reads a sequence header or an extension.
    private mutating func readHeader(
        _ code: StartCode, _ content: [UInt8], _ pictures: inout [Picture]
    ) {
        let kind = (content.first ?? 0) >> 4
        if code.value == 0xb5, kind == 8 {
            guard let last = pictures.last, last.numSlices == 0, content.count > 2 else {
                doubt = doubt ?? "a picture header is damaged"
                return
            }
            pictures[pictures.count - 1].structure = Int(content[2] & 3)
        } else if code.value == 0xb3 || kind == 1 || kind == 2 {
            guard pictures.isEmpty, sequence.read(code.value, content, mayChange: !hasSettled)
            else {
                doubt = doubt ?? "headers change within the stream"
                return
            }
        } else if kind == 3 {
            doubt = doubt ?? "quantisation changes between pictures"
        }
    }

    private static func readKind(_ data: Span<UInt8>, at start: Int) -> PictureKind? {
        guard start + 1 < data.count else { return nil }
        switch data[start + 1] >> 3 & 7 {
        case 1: return .intra
        case 2: return .predicted
        case 3: return .disposable
        default: return nil
        }
    }

    /// Why `pictures` may not become one frame.
    private static func doubt(
        _ pictures: [Picture], sequence: MPEG2Sequence, size: Int
    ) -> String? {
        guard let first = pictures.first else { return nil }
        guard sequence.numRows > 0 else { return "the stream lacks a header" }
        let isPair = pictures.count == 2 && first.structure + pictures[1].structure == 3
        guard isPair && first.structure > 0 || pictures.count == 1 && first.structure == 3 else {
            return "a packet holds no whole frame"
        }
        if isPair, sequence.isProgressive { return "fields come in a progressive stream" }
        if isPair, (first.kind == .disposable) != (pictures[1].kind == .disposable) {
            return "fields of a frame differ"
        }
        // Source: `mpeg_field_start` in `libavcodec/mpeg12dec.c`.
        let isWhole = pictures.allSatisfy { $0.numSlices > 0 }
        return isWhole && sequence.numMacroblocks * 11 / 528 <= size
            ? nil : "a picture is too short"
    }
}

/// The sequence header of an MPEG-1 or MPEG-2 stream with its extensions.
struct MPEG2Sequence {
    private(set) var isLowDelay = false
    private(set) var isProgressive = true
    /// Rows of macroblocks of a frame.
    private(set) var numRows = 0
    private(set) var numMacroblocks = 0
    private var seen: Set<[UInt8]> = []
    private var width = 0
    private var height = 0

    /// Reads a header; `false` if it differs from those before although it must not.
    mutating func read(_ code: UInt8, _ content: [UInt8], mayChange: Bool) -> Bool {
        let last = content.lastIndex { $0 != 0 } ?? -1
        let isNew = seen.insert([code] + content.prefix(last + 1)).inserted
        guard isNew else { return true }
        guard mayChange else { return false }
        var bits = BitReader(content)
        if code == 0xb3 {
            width = bits.read(12)
            height = bits.read(12)
        } else if bits.read(4) == 1 {
            bits.skip(8)
            isProgressive = bits.readFlag()
            bits.skip(2)
            width |= bits.read(2) << 12
            height |= bits.read(2) << 12
            bits.skip(21)
            isLowDelay = bits.readFlag()
        }
        numRows = isProgressive ? (height + 15) / 16 : (height + 31) / 32 * 2
        numMacroblocks = (width + 15) / 16 * numRows
        return true
    }
}
