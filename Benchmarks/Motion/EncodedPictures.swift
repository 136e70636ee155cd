import CFFmpeg

/// Pictures as H.264, each a key frame of one quantiser, so that they are the same pictures in any
/// order.
struct EncodedPictures {
    /// What FFmpeg refused to do.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private let packets: [[UInt8]]
    /// Sequence and picture parameter sets.
    private let header: [UInt8]
    private let size: Int
    private static let frameDuration = AVRational(num: 1, den: 10)

    /// Encodes `pictures`, UInt8 (size, size, 3) each.
    /// - Throws: `Failure` if this FFmpeg cannot encode H.264.
    init(_ pictures: [[UInt8]], size: Int) throws(Failure) {
        self.size = size
        let codec = unsafe avcodec_find_encoder(AV_CODEC_ID_H264)
        var context = unsafe avcodec_alloc_context3(codec)
        defer { unsafe avcodec_free_context(&context) }
        guard unsafe codec != nil, let encoder = unsafe context else {
            throw Failure(description: "This FFmpeg cannot encode H.264; install libx264.")
        }
        unsafe encoder.pointee.width = Int32(size)
        unsafe encoder.pointee.height = Int32(size)
        unsafe encoder.pointee.pix_fmt = AV_PIX_FMT_YUV420P
        unsafe encoder.pointee.time_base = Self.frameDuration
        unsafe encoder.pointee.framerate = AVRational(num: 10, den: 1)
        unsafe encoder.pointee.gop_size = 1
        unsafe encoder.pointee.max_b_frames = 0
        unsafe encoder.pointee.thread_count = 1
        unsafe encoder.pointee.flags |= AV_CODEC_FLAG_GLOBAL_HEADER
        unsafe encoder.pointee.colorspace = AVCOL_SPC_SMPTE170M
        var options: OpaquePointer?
        defer { unsafe av_dict_free(&options) }
        for (name, value) in [("preset", "veryfast"), ("qp", "22"), ("x264-params", "log=none")] {
            unsafe av_dict_set(&options, name, value, 0)
        }
        try Self.require(unsafe avcodec_open2(encoder, codec, &options), "open the encoder")
        header = unsafe [UInt8](
            UnsafeBufferPointer(
                start: encoder.pointee.extradata, count: Int(encoder.pointee.extradata_size)))
        var packets: [[UInt8]] = []
        for (number, picture) in pictures.enumerated() {
            try unsafe Self.send(picture, number, to: encoder, size: size)
            try unsafe Self.receive(from: encoder, into: &packets)
        }
        unsafe avcodec_send_frame(encoder, nil)
        try unsafe Self.receive(from: encoder, into: &packets)
        guard packets.count == pictures.count else {
            throw Failure(description: "\(pictures.count) pictures gave \(packets.count) packets.")
        }
        self.packets = packets
    }

    /// Writes them to an MP4 file, the last picture first if `isReversed`.
    func write(to path: String, isReversed: Bool) throws(Failure) {
        var allocated: UnsafeMutablePointer<AVFormatContext>?
        try Self.require(
            unsafe avformat_alloc_output_context2(&allocated, nil, "mp4", path), "write MP4")
        guard let file = unsafe allocated, let stream = unsafe avformat_new_stream(file, nil)
        else { throw Failure(description: "There is no memory for \(path).") }
        defer { unsafe avformat_free_context(file) }
        unsafe file.pointee.flags |= AVFMT_FLAG_BITEXACT
        unsafe stream.pointee.time_base = Self.frameDuration
        try unsafe describe(stream.pointee.codecpar)
        try Self.require(
            unsafe avio_open(&file.pointee.pb, path, AVIO_FLAG_WRITE), "write \(path)")
        defer { unsafe avio_closep(&file.pointee.pb) }
        try Self.require(unsafe avformat_write_header(file, nil), "write \(path)")
        for (number, bytes) in (isReversed ? packets.reversed() : packets).enumerated() {
            try Self.require(
                unsafe Self.append(bytes, number: number, to: file, stream), "write \(path)")
        }
        try Self.require(unsafe av_write_trailer(file), "write \(path)")
    }

    private func describe(_ found: UnsafeMutablePointer<AVCodecParameters>?) throws(Failure) {
        let padding = Int(AV_INPUT_BUFFER_PADDING_SIZE)
        guard let parameters = unsafe found,
            let extra = unsafe av_mallocz(header.count + padding)
        else { throw Failure(description: "There is no memory for a stream.") }
        unsafe parameters.pointee.codec_type = AVMEDIA_TYPE_VIDEO
        unsafe parameters.pointee.codec_id = AV_CODEC_ID_H264
        unsafe parameters.pointee.width = Int32(size)
        unsafe parameters.pointee.height = Int32(size)
        unsafe parameters.pointee.format = AV_PIX_FMT_YUV420P.rawValue
        unsafe extra.copyMemory(from: header, byteCount: header.count)
        unsafe parameters.pointee.extradata = extra.assumingMemoryBound(to: UInt8.self)
        unsafe parameters.pointee.extradata_size = Int32(header.count)
    }

    /// Appends the packet of a picture; returns FFmpeg's status.
    private static func append(
        _ bytes: [UInt8], number: Int, to file: UnsafeMutablePointer<AVFormatContext>,
        _ stream: UnsafeMutablePointer<AVStream>
    ) -> Int32 {
        var allocated = unsafe av_packet_alloc()
        defer { unsafe av_packet_free(&allocated) }
        guard let packet = unsafe allocated else { return -1 }
        let status = unsafe av_new_packet(packet, Int32(bytes.count))
        guard status >= 0 else { return status }
        unsafe packet.pointee.data.update(from: bytes, count: bytes.count)
        unsafe packet.pointee.pts = Int64(number)
        unsafe packet.pointee.dts = Int64(number)
        unsafe packet.pointee.duration = 1
        unsafe packet.pointee.flags = AV_PKT_FLAG_KEY
        unsafe av_packet_rescale_ts(packet, frameDuration, stream.pointee.time_base)
        return unsafe av_interleaved_write_frame(file, packet)
    }

    /// Hands a picture to the encoder, converted by libswscale.
    private static func send(
        _ picture: [UInt8], _ number: Int, to encoder: UnsafeMutablePointer<AVCodecContext>,
        size: Int
    ) throws(Failure) {
        var frame = unsafe av_frame_alloc()
        defer { unsafe av_frame_free(&frame) }
        guard let target = unsafe frame else { throw Failure(description: "There is no memory.") }
        unsafe target.pointee.width = Int32(size)
        unsafe target.pointee.height = Int32(size)
        unsafe target.pointee.format = AV_PIX_FMT_YUV420P.rawValue
        unsafe target.pointee.pts = Int64(number)
        try require(unsafe av_frame_get_buffer(target, 0), "allocate a picture")
        let scaler = unsafe sws_getContext(
            Int32(size), Int32(size), AV_PIX_FMT_RGB24, Int32(size), Int32(size),
            AV_PIX_FMT_YUV420P, SWS_BILINEAR, nil, nil, nil)
        defer { unsafe sws_freeContext(scaler) }
        let lines = unsafe target.pointee.linesize
        _ = unsafe picture.withUnsafeBufferPointer { source in
            unsafe withUnsafeBytes(of: target.pointee.data) { planes in
                unsafe sws_scale(
                    scaler, [source.baseAddress], [Int32(3 * size)], 0, Int32(size),
                    planes.assumingMemoryBound(to: UnsafeMutablePointer<UInt8>?.self).baseAddress,
                    [lines.0, lines.1, lines.2, lines.3])
            }
        }
        try require(unsafe avcodec_send_frame(encoder, target), "encode a picture")
    }

    private static func receive(
        from encoder: UnsafeMutablePointer<AVCodecContext>, into packets: inout [[UInt8]]
    ) throws(Failure) {
        var packet = unsafe av_packet_alloc()
        defer { unsafe av_packet_free(&packet) }
        while unsafe avcodec_receive_packet(encoder, packet) >= 0, let found = unsafe packet {
            packets.append(
                unsafe [UInt8](
                    UnsafeBufferPointer(
                        start: found.pointee.data, count: Int(found.pointee.size))))
            unsafe av_packet_unref(found)
        }
    }

    private static func require(_ status: Int32, _ what: String) throws(Failure) {
        guard status < 0 else { return }
        throw Failure(description: "FFmpeg could not \(what) (error \(status)).")
    }
}
