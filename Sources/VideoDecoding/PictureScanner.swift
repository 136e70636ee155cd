import CFFmpeg

/// Reads the headers of one packet after another.
protocol PacketReader {
    /// What libavcodec makes of the packet `data`, the next of the stream.
    mutating func read(_ data: Span<UInt8>) -> PacketContent
    /// Whether libavcodec leaves patched-up pictures of the packets read so far unmarked.
    var hidesDamage: Bool { get }
}

extension PacketReader {
    var hidesDamage: Bool { false }
}

/// Collects what the packets of a stream hold, where the codec is one whose headers tell.
struct PictureScanner {
    private var reader: any PacketReader
    private var contents: [PacketContent] = []

    /// Starts with what the container says about the stream; fails for other codecs.
    init?(_ demuxer: Demuxer) {
        guard let parameters = unsafe demuxer.codecParameters?.pointee else { return nil }
        let extradata = unsafe Span(
            _unsafeElements: UnsafeBufferPointer(
                start: parameters.extradata, count: max(0, Int(parameters.extradata_size))))
        let width = unsafe Int(parameters.width)
        let height = unsafe Int(parameters.height)
        switch demuxer.stream.codecID {
        case AV_CODEC_ID_MPEG4:
            let tag = unsafe withUnsafeBytes(of: parameters.codec_tag.littleEndian) {
                unsafe String(decoding: $0, as: UTF8.self)
            }
            reader = MPEG4PacketReader(extradata: extradata, codecTag: tag.uppercased())
        case AV_CODEC_ID_MPEG1VIDEO, AV_CODEC_ID_MPEG2VIDEO:
            reader = MPEG2PacketReader(extradata: extradata)
        case AV_CODEC_ID_H263, AV_CODEC_ID_H263P: reader = H263PacketReader()
        case AV_CODEC_ID_FLV1: reader = FLV1PacketReader()
        case AV_CODEC_ID_MSMPEG4V1:
            reader = MSMPEG4PacketReader(version: 1, width: width, height: height)
        case AV_CODEC_ID_MSMPEG4V2:
            reader = MSMPEG4PacketReader(version: 2, width: width, height: height)
        case AV_CODEC_ID_MSMPEG4V3:
            reader = MSMPEG4PacketReader(version: 3, width: width, height: height)
        case AV_CODEC_ID_WMV1:
            reader = MSMPEG4PacketReader(version: 4, width: width, height: height)
        case AV_CODEC_ID_WMV2: reader = WMV2PacketReader(width: width, height: height)
        default: return nil
        }
    }

    /// Whether only the decoder's error messages tell that a picture is damaged.
    var hidesDamage: Bool { reader.hidesDamage }

    /// Reads the next packet.
    mutating func read(_ packet: PacketBuffer) {
        contents.append(
            packet.withContent { data in data.isEmpty ? .nothing : reader.read(data) })
    }

    /// The pictures of all packets, which `entries` describe.
    func table(_ entries: [PacketEntry]) -> PictureTable {
        PictureTable(contents, entries: entries)
    }
}

extension PacketBuffer {
    /// Whether the packet holds no data.
    var isEmpty: Bool { unsafe pointer?.pointee.size == 0 }

    /// Gives the packet another presentation time while `body` runs.
    func withTime(_ time: Int64, _ body: () -> Void) {
        let original = unsafe pointer?.pointee.pts ?? time
        unsafe pointer?.pointee.pts = time
        body()
        unsafe pointer?.pointee.pts = original
    }

    /// Lends the bytes of the packet.
    func withContent<Result>(_ body: (Span<UInt8>) -> Result) -> Result {
        let packet = unsafe pointer?.pointee
        let bytes = unsafe UnsafeBufferPointer(
            start: packet?.data, count: max(0, Int(packet?.size ?? 0)))
        return body(unsafe Span(_unsafeElements: bytes))
    }
}
