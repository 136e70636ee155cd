import CFFmpeg

/// File formats that RGB pictures are written in.
public enum PictureFormat: Sendable {
    /// Lossless.
    case png
    /// Baseline JPEG, 4:2:0, at a quality that is good for looking at.
    case jpeg

    fileprivate var codec: AVCodecID { self == .png ? AV_CODEC_ID_PNG : AV_CODEC_ID_MJPEG }
    fileprivate var pixelFormat: AVPixelFormat {
        self == .png ? AV_PIX_FMT_RGB24 : AV_PIX_FMT_YUVJ420P
    }
    fileprivate var name: String { self == .png ? "png" : "mjpeg" }
}

/// Encodes an RGB picture with libavcodec.
/// - Parameters:
///   - pixels: UInt8 (H, W, 3).
///   - width: W, at least 1.
///   - height: H, at least 1.
///   - format: The file's format.
/// - Returns: The bytes of the file.
/// - Throws: `DecodeError.unsupportedCodec` if this FFmpeg was built without the encoder, or the
///   picture is larger than the format allows.
/// - Precondition: `pixels.count == width * height * 3`.
public func encodePicture(
    _ pixels: [UInt8], width: Int, height: Int, as format: PictureFormat
) throws(DecodeError) -> [UInt8] {
    precondition(pixels.count == width * height * 3 && !pixels.isEmpty)
    let failure = DecodeError.unsupportedCodec(name: format.name)
    let codec = unsafe avcodec_find_encoder(format.codec)
    var context = unsafe avcodec_alloc_context3(codec)
    var frame = unsafe av_frame_alloc()
    var packet = unsafe av_packet_alloc()
    defer {
        unsafe avcodec_free_context(&context)
        unsafe av_frame_free(&frame)
        unsafe av_packet_free(&packet)
    }
    guard let encoder = unsafe context, let picture = unsafe frame, let output = unsafe packet
    else { throw failure }
    unsafe encoder.pointee.width = Int32(width)
    unsafe encoder.pointee.height = Int32(height)
    unsafe encoder.pointee.pix_fmt = format.pixelFormat
    unsafe encoder.pointee.time_base = AVRational(num: 1, den: 1)
    if format == .jpeg {
        unsafe encoder.pointee.flags |= AV_CODEC_FLAG_QSCALE
        unsafe encoder.pointee.global_quality = 4 * FF_QP2LAMBDA
        unsafe picture.pointee.quality = encoder.pointee.global_quality
    }
    unsafe picture.pointee.width = Int32(width)
    unsafe picture.pointee.height = Int32(height)
    unsafe picture.pointee.format = format.pixelFormat.rawValue
    guard unsafe avcodec_open2(encoder, codec, nil) >= 0,
        unsafe av_frame_get_buffer(picture, 0) >= 0,
        unsafe fill(picture, with: pixels),
        unsafe avcodec_send_frame(encoder, picture) >= 0,
        unsafe avcodec_send_frame(encoder, nil) >= 0,
        unsafe avcodec_receive_packet(encoder, output) >= 0
    else { throw failure }
    return unsafe [UInt8](
        UnsafeBufferPointer(start: output.pointee.data, count: Int(output.pointee.size)))
}

/// Converts RGB pixels into `picture`, whose size and format are set.
private func fill(_ picture: UnsafeMutablePointer<AVFrame>, with pixels: [UInt8]) -> Bool {
    let (width, height) = unsafe (picture.pointee.width, picture.pointee.height)
    let isJPEG = unsafe picture.pointee.format == AV_PIX_FMT_YUVJ420P.rawValue
    // libswscale warns about the JPEG pixel formats; this one is equivalent.
    let scaler = unsafe sws_getContext(
        width, height, AV_PIX_FMT_RGB24, width, height,
        isJPEG ? AV_PIX_FMT_YUV420P : AV_PIX_FMT_RGB24, SWS_BILINEAR, nil, nil, nil)
    defer { unsafe sws_freeContext(scaler) }
    guard unsafe scaler != nil else { return false }
    if isJPEG {
        let matrix = unsafe sws_getCoefficients(SWS_CS_DEFAULT)
        unsafe sws_setColorspaceDetails(scaler, matrix, 1, matrix, 1, 0, 1 << 16, 1 << 16)
    }
    let lines = unsafe picture.pointee.linesize
    let rows = unsafe pixels.withUnsafeBufferPointer { source in
        unsafe withUnsafeBytes(of: picture.pointee.data) { planes in
            unsafe sws_scale(
                scaler, [source.baseAddress, nil, nil, nil], [3 * width, 0, 0, 0], 0, height,
                planes.assumingMemoryBound(to: UnsafeMutablePointer<UInt8>?.self).baseAddress,
                [lines.0, lines.1, lines.2, lines.3])
        }
    }
    return rows == height
}
