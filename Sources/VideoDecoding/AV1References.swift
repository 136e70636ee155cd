/// What AV1 packets depend on, from the headers of their frames.
///
/// The places are the 8 reference slots: everything that lasts from frame to frame is saved in and
/// loaded from them.
/// Source: AV1 bitstream specification sections 5.3 to 5.9, 7.20 and 7.21.
struct AV1References: PacketReferenceReader {
    private static let slots: UInt16 = 0xff
    private var sequence: AV1SequenceHeader?
    /// The slots that hold a key frame, which counts as decoded anew when it is shown later.
    private var keySlots: UInt16 = 0xff

    /// Takes the sequence header from the `av1C` box.
    init(extradata: [UInt8]) {
        guard extradata.count > 4, extradata[0] == 0x81 else { return }
        forEachAV1Unit(of: extradata.span, from: 4) { unit in
            if unit.kind == .sequenceHeader {
                sequence = AV1SequenceHeader(extradata.span.bytes(from: unit.start, upTo: 64))
            }
        }
    }

    mutating func references(of data: Span<UInt8>) -> PacketReferences {
        var whole = PacketReferences(reads: 0, writes: 0, replaces: 0)
        var isPlain = true
        var hasFrame = false
        let isWhole = forEachAV1Unit(of: data, from: 0) { unit in
            if unit.hasLayers { isPlain = false }
            switch unit.kind {
            case .sequenceHeader:
                sequence = AV1SequenceHeader(data.bytes(from: unit.start, upTo: 64))
                isPlain = false
            case .frame, .frameHeader:
                hasFrame = true
                let header = data.bytes(from: unit.start, upTo: 64)
                whole = whole.followed(by: frame(header) ?? .unknown)
            case .temporalDelimiter, .tileGroup, .metadata, .redundantFrameHeader, .padding: break
            case nil: isPlain = false
            }
        }
        return isWhole && isPlain && hasFrame ? whole : .unknown
    }

    /// Reads `uncompressed_header` up to the references; `nil` if it cannot be told what they are.
    private mutating func frame(_ header: [UInt8]) -> PacketReferences? {
        guard let sequence, sequence.isPlain else { return nil }
        var bits = BitReader(header)
        if bits.readFlag() {  // show_existing_frame
            let slot = UInt16(1) << UInt16(bits.read(3))
            guard keySlots & slot != 0 else {
                return PacketReferences(reads: slot, writes: 0, replaces: 0)
            }
            keySlots = Self.slots
            return PacketReferences(reads: slot, writes: Self.slots, replaces: Self.slots)
        }
        let (key, intraOnly, switching) = (0, 2, 3)
        let type = bits.read(2)
        let isShown = bits.readFlag()
        if !isShown { bits.skip(1) }  // showable_frame
        let refreshesAll = type == switching || type == key && isShown
        let isErrorResilient = refreshesAll || bits.readFlag()
        bits.skip(1)  // disable_cdf_update
        let hasScreenTools = sequence.choosesScreenTools ? bits.readFlag() : sequence.hasScreenTools
        if hasScreenTools, sequence.choosesIntegerVectors { bits.skip(1) }
        if type != switching { bits.skip(1) }  // frame_size_override_flag
        bits.skip(sequence.orderHintBits)
        let isIntra = type == key || type == intraOnly
        if !isIntra, !isErrorResilient { bits.skip(3) }  // primary_ref_frame
        let refreshed = refreshesAll ? Self.slots : UInt16(bits.read(8))
        keySlots = keySlots & ~refreshed | (type == key ? refreshed : 0)
        var reads: UInt16 = 0
        if !isIntra {
            // Slots are also compared with their order hints, or found by them.
            let usesHints = sequence.orderHintBits > 0 && (isErrorResilient || bits.readFlag())
            for _ in 0..<7 { reads |= 1 << UInt16(bits.read(3)) }
            if usesHints { reads = Self.slots }
        }
        guard bits.position <= header.count * 8 else { return nil }
        return PacketReferences(reads: reads, writes: refreshed, replaces: refreshed)
    }
}

/// One unit of an AV1 packet (`open_bitstream_unit`).
private struct AV1Unit {
    enum Kind: UInt8 {
        case sequenceHeader = 1
        case temporalDelimiter, frameHeader, tileGroup, metadata, frame, redundantFrameHeader
        case padding = 15
    }

    /// `nil` for types that the specification reserves, and for tile lists.
    let kind: Kind?
    let hasLayers: Bool
    let start: Int
}

/// Calls `body` with each unit that follows byte `start`; `false` if sizes do not fit.
@discardableResult
private func forEachAV1Unit(
    of data: Span<UInt8>, from start: Int, _ body: (AV1Unit) -> Void
) -> Bool {
    var start = start
    while start < data.count {
        let header = data[start]
        let hasExtension = header & 4 != 0
        start += hasExtension ? 2 : 1
        var size = data.count - start
        if header & 2 != 0 {
            // obu_size, leb128: 7 bits a byte, the lowest first.
            size = 0
            var shift = 0
            repeat {
                guard start < data.count, shift < 35 else { return false }
                size |= Int(data[start] & 0x7f) << shift
                shift += 7
                start += 1
            } while data[start - 1] & 0x80 != 0
        }
        guard size >= 0, size <= data.count - start else { return false }
        body(
            AV1Unit(
                kind: AV1Unit.Kind(rawValue: header >> 3 & 15), hasLayers: hasExtension,
                start: start))
        start += size
    }
    return true
}

/// The fields of an AV1 sequence header on which the layout of frame headers depends.
///
/// Source: AV1 bitstream specification section 5.5.
struct AV1SequenceHeader {
    /// Whether the stream has one layer, no decoder model and no frame numbers: the usual case, and
    /// the only one in which frame headers are read.
    private(set) var isPlain = false
    private(set) var choosesScreenTools = true
    private(set) var hasScreenTools = true
    private(set) var choosesIntegerVectors = true
    private(set) var orderHintBits = 0

    init(_ bytes: [UInt8]) {
        var bits = BitReader(bytes)
        bits.skip(4)  // seq_profile, still_picture
        guard !bits.readFlag() else { return }  // reduced_still_picture_header
        if bits.readFlag() {  // timing_info_present_flag
            bits.skip(64)
            if bits.readFlag() {  // equal_picture_interval, num_ticks_per_picture_minus_1
                var zeros = 0
                while zeros < 32, !bits.readFlag() { zeros += 1 }
                bits.skip(zeros)
            }
            guard !bits.readFlag() else { return }  // decoder_model_info_present_flag
        }
        let hasDisplayDelay = bits.readFlag()
        guard bits.read(5) == 0, bits.read(12) == 0 else { return }
        if bits.read(5) > 7 { bits.skip(1) }  // seq_level_idx, seq_tier
        if hasDisplayDelay, bits.readFlag() { bits.skip(4) }
        let (widthBits, heightBits) = (bits.read(4) + 1, bits.read(4) + 1)
        bits.skip(widthBits + heightBits)
        guard !bits.readFlag() else { return }  // frame_id_numbers_present_flag
        // use_128x128_superblock to enable_dual_filter
        bits.skip(7)
        let hasOrderHint = bits.readFlag()
        if hasOrderHint { bits.skip(2) }  // enable_jnt_comp, enable_ref_frame_mvs
        choosesScreenTools = bits.readFlag()
        if !choosesScreenTools { hasScreenTools = bits.readFlag() }
        if hasScreenTools {
            choosesIntegerVectors = bits.readFlag()
            if !choosesIntegerVectors { bits.skip(1) }
        }
        if hasOrderHint { orderHintBits = bits.read(3) + 1 }
        isPlain = bits.position <= bytes.count * 8
    }
}
