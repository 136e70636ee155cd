/// Finds out what libavcodec makes of each packet of an MPEG-4 part 2 stream.
///
/// Follows `ff_h263_decode_frame` in `libavcodec/h263dec.c` and `decode_vop_header` in
/// `libavcodec/mpeg4videodec.c`, with DivX's packed B-frames: two pictures in one packet, the
/// second of which is decoded with the next packet, a placeholder.
struct MPEG4PacketReader: PacketReader {
    /// Source: `MAX_NVOP_SIZE` in `libavcodec/mpeg4videodec.h`; the longest placeholder.
    private static let longestPlaceholder = 19
    /// Codec tags for which libavcodec reads headers differently.
    private static let oddTags: Set<String> = ["UMP4", "3IV1", "WV1F", "QMP4", "MP4S"]

    private var headers = MPEG4Headers()
    private var clock = MPEG4Clock()
    private var isLowDelay = false
    private var hasReadPicture = false
    private var numReferences = 0
    /// The second picture of the packet before, in packed streams.
    private var stored: HeaderBytes?
    private let hasOddTag: Bool

    init(extradata: Span<UInt8>, codecTag: String) {
        hasOddTag = Self.oddTags.contains(codecTag)
        headers.read(HeaderBytes(extradata, from: 0), clock: &clock)
        takeDelay()
    }

    mutating func read(_ data: Span<UInt8>) -> PacketContent {
        if hasOddTag { return .doubtful("this kind of MPEG-4 is not indexed") }
        var source = HeaderBytes(data, from: 0)
        var usesStored = false
        if let stored, !(headers.isPacked && source.beginsSequence),
            headers.isPacked || data.count <= Self.longestPlaceholder
        {
            source = stored
            usesStored = true
        }
        stored = nil
        let start = headers.read(source, clock: &clock)
        takeDelay()
        headers.freezeAfterFirstPacket()
        if let doubt = headers.doubt { return .doubtful(doubt) }
        guard let start else {
            return source.size == 1 && headers.allowsPlaceholderByte
                ? .nothing : .doubtful("a packet holds no picture")
        }
        guard let layer = headers.layer else { return .doubtful("the stream lacks a header") }
        let content = readPicture(source, at: start, layer: layer)
        guard case .picture(let kind, _) = content else { return content }
        if kind == .disposable, numReferences < 2 { return .nothing }
        if kind != .disposable { numReferences += 1 }
        if headers.isPacked, let doubt = store(from: data, after: usesStored ? nil : start) {
            return .doubtful(doubt)
        }
        return content
    }

    private mutating func readPicture(
        _ source: HeaderBytes, at start: Int, layer: MPEG4VideoObjectLayer
    ) -> PacketContent {
        var bits = BitReader(source.bytes, fromByte: start)
        guard let picture = MPEG4VideoObjectPlane(&bits, layer: layer, headers: headers) else {
            return .doubtful("a picture header is damaged")
        }
        if picture.kind == .disposable, isLowDelay {
            return .doubtful("B-pictures come although the header excludes them")
        }
        if picture.kind == .disposable, layer.isInterlaced {
            return .doubtful("interlaced B-pictures depend on all pictures before")
        }
        guard clock.advance(to: picture, resolution: layer.timeResolution), picture.isCoded else {
            return .nothing
        }
        if !hasReadPicture, layer.type == 0, layer.isLowDelay == nil, !headers.isDivX {
            isLowDelay = true
        }
        hasReadPicture = true
        let numBitsLeft = source.size * 8 - bits.position
        if picture.kind != .disposable, layer.numMacroblocks / 2 > numBitsLeft {
            return .doubtful("a picture is too short")
        }
        return .picture(picture.kind, isDelayed: !isLowDelay)
    }

    /// Keeps the second picture of a packet for the next, as `ff_mpeg4_frame_end` does.
    ///
    /// - Returns: Why that cannot be told without decoding.
    private mutating func store(from data: Span<UInt8>, after first: Int?) -> String? {
        guard data.count > 7, let code = data.startCode(from: first ?? 0) else { return nil }
        guard first == nil || code.value == MPEG4Headers.pictureCode else {
            return "a packet holds headers between pictures"
        }
        var picture = code
        while picture.value != MPEG4Headers.pictureCode {
            guard let next = data.startCode(from: picture.end) else { return nil }
            picture = next
        }
        // I and B only: what follows is a placeholder otherwise.
        guard picture.end < data.count, data[picture.end] & 0x40 == 0 else { return nil }
        let begin = picture.end - 4
        if first != nil, data.count - begin <= 8 { return "a packed picture is too short" }
        stored = HeaderBytes(data, from: first == nil ? 0 : begin)
        return nil
    }

    /// Source: `decode_vol_header`: without an explicit flag, only the first header counts.
    private mutating func takeDelay() {
        guard !hasReadPicture, let layer = headers.layer else { return }
        isLowDelay =
            layer.isLowDelay ?? MPEG4VideoObjectLayer.simpleTypes.contains(layer.type)
    }
}

/// The beginning of coded data, in which the headers stand.
struct HeaderBytes {
    let bytes: [UInt8]
    /// The size of all the data.
    let size: Int

    init(_ data: Span<UInt8>, from start: Int) {
        bytes = data.prefix(from: start, limit: 1024)
        size = data.count - start
    }

    /// Whether the first start code opens a visual object sequence.
    var beginsSequence: Bool { bytes.span.startCode(from: 0)?.value == 0xb0 }
}
