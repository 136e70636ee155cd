import CFFmpeg

/// Compressed packets in, pictures out, in presentation order; one thread.
///
/// Refused packets and patched frames are counted, not thrown: the caller decides.
@safe
struct PacketDecoder: ~Copyable {
    /// The picture of the last `receive` that answered `true`.
    let frame: UnsafeMutablePointer<AVFrame>
    private let context: UnsafeMutablePointer<AVCodecContext>
    private let log: MessageLog
    /// Whether every error message of the decoder means damage, not only those on missing pictures.
    private let countsAllErrors: Bool
    private let numErrorsBefore: Int
    private var refusedPackets = 0
    private var concealedFrames = 0

    /// Opens the decoder of the demuxer's stream (`avcodec_open2`).
    ///
    /// `mayLackPackets` says that packets may be missing, or damaged without a mark, so that every
    /// error message of the decoder counts.
    init(
        _ demuxer: Demuxer, mayLackPackets: Bool, maxPixels: Int, log: MessageLog
    ) throws(DecodeError) {
        let codec = unsafe demuxer.decoder
        var context = unsafe avcodec_alloc_context3(codec)
        var frame = unsafe av_frame_alloc()
        guard let openContext = unsafe context, let openFrame = unsafe frame,
            unsafe avcodec_parameters_to_context(openContext, demuxer.codecParameters) >= 0
        else {
            unsafe avcodec_free_context(&context)
            unsafe av_frame_free(&frame)
            throw .unreadable(stage: .decode, detail: "the decoder has no memory")
        }
        unsafe openContext.pointee.thread_count = 1
        unsafe openContext.pointee.pkt_timebase = demuxer.stream.timeBase
        unsafe openContext.pointee.max_pixels = Int64(maxPixels)
        let status = unsafe avcodec_open2(openContext, codec, nil)
        guard status >= 0 else {
            unsafe avcodec_free_context(&context)
            unsafe av_frame_free(&frame)
            throw .unreadable(stage: .decode, detail: ffmpegMessage(status))
        }
        self.log = log
        countsAllErrors =
            unsafe mayLackPackets
            || Self.muteDecoders.contains(openContext.pointee.codec_id.rawValue)
        numErrorsBefore = countsAllErrors ? log.numDecoderErrors : log.numMissingPictures
        unsafe self.context = openContext
        unsafe self.frame = openFrame
    }

    deinit {
        var context: UnsafeMutablePointer<AVCodecContext>? = unsafe context
        var frame: UnsafeMutablePointer<AVFrame>? = unsafe frame
        unsafe avcodec_free_context(&context)
        unsafe av_frame_free(&frame)
    }

    /// Feeds one packet, or with `nil` announces the end (`avcodec_send_packet`).
    ///
    /// Packets without data, by which some containers repeat a picture, are left out: they would
    /// end the stream.
    mutating func send(_ packet: PacketBuffer?) {
        if let packet, packet.isEmpty { return }
        let status = unsafe avcodec_send_packet(context, packet?.pointer)
        if status < 0 { refusedPackets += 1 }
    }

    /// Feeds one packet under the time `time` instead of its own.
    mutating func send(_ packet: PacketBuffer, time: Int64) {
        packet.withTime(time) { send(packet) }
    }

    /// The time of the packet with which the picture was decoded.
    var reorderedTime: Int64? { knownTime(unsafe frame.pointee.pts) }

    /// Takes the next picture if there is one (`avcodec_receive_frame`).
    mutating func receive() -> Bool {
        let status = unsafe avcodec_receive_frame(context, frame)
        guard status >= 0 else {
            if status != vbp_error_again() && status != vbp_error_end_of_file() {
                refusedPackets += 1
            }
            return false
        }
        if isConcealed { concealedFrames += 1 }
        return true
    }

    /// What went wrong so far.
    var damage: Damage {
        Damage(
            refusedPackets: refusedPackets, concealedFrames: concealedFrames,
            errorMessages: (countsAllErrors ? log.numDecoderErrors : log.numMissingPictures)
                - numErrorsBefore)
    }

    /// Decoders that patch pictures up without marking them; their error messages count instead.
    ///
    /// For others they do not: H.264 complains about streams that decode exactly.
    private static let muteDecoders: Set<AVCodecID.RawValue> = [
        AV_CODEC_ID_HEVC.rawValue, AV_CODEC_ID_GIF.rawValue, AV_CODEC_ID_MSMPEG4V2.rawValue,
        AV_CODEC_ID_MSMPEG4V3.rawValue, AV_CODEC_ID_WMV1.rawValue, AV_CODEC_ID_WMV2.rawValue,
    ]

    /// Forgets all packets and pictures, to go on at a key frame (`avcodec_flush_buffers`).
    mutating func flush() {
        unsafe avcodec_flush_buffers(context)
    }

    /// Whether the next packets may be dropped if no other picture depends on them.
    ///
    /// For H.264, which marks each picture; other codecs have `PacketReferences`.
    mutating func skipNonReference(_ skips: Bool) {
        if unsafe context.pointee.codec_id == AV_CODEC_ID_H264 {
            unsafe context.pointee.skip_frame = skips ? AVDISCARD_NONREF : AVDISCARD_DEFAULT
        }
    }

    /// Whether the next packets may be dropped although they hold a picture.
    ///
    /// For the codecs of `PictureTable`, which decide by the type of the picture alone.
    mutating func skipDisposable(_ skips: Bool) {
        unsafe context.pointee.skip_frame = skips ? AVDISCARD_NONREF : AVDISCARD_DEFAULT
    }

    /// Whether parts of the picture were made up because of errors.
    var isConcealed: Bool {
        unsafe frame.pointee.decode_error_flags != 0
            || frame.pointee.flags & AV_FRAME_FLAG_CORRUPT != 0
    }

    /// Whether the picture is a key frame that uses no other picture at all.
    ///
    /// With intra refresh, H.264 calls pictures key frames that only start to mend the image.
    var isIntraKey: Bool { unsafe isKey && frame.pointee.pict_type == AV_PICTURE_TYPE_I }

    /// Presentation time of the picture; guessed from its neighbours where the file has none.
    var pts: Int64? { knownTime(unsafe frame.pointee.best_effort_timestamp) }

    /// Whether the picture can be decoded alone.
    var isKey: Bool { unsafe frame.pointee.key_frame != 0 }
}

/// What a decoder could not make sense of.
struct Damage: Equatable {
    var refusedPackets = 0
    var concealedFrames = 0
    var errorMessages = 0
}
