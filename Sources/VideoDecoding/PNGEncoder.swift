import CFFmpeg

/// A PNG file of an RGB picture (libavcodec's `png` encoder).
/// - Parameters:
///   - pixels: UInt8 (H, W, 3).
///   - width: W, at least 1.
///   - height: H, at least 1.
/// - Returns: The bytes of the file.
/// - Throws: `DecodeError.unsupportedCodec` if this FFmpeg was built without the encoder.
/// - Precondition: `pixels.count == width * height * 3`.
public func encodePNG(
    _ pixels: [UInt8], width: Int, height: Int
) throws(DecodeError) -> [UInt8] {
    precondition(pixels.count == width * height * 3 && !pixels.isEmpty)
    let failure = DecodeError.unsupportedCodec(name: "png")
    let codec = unsafe avcodec_find_encoder(AV_CODEC_ID_PNG)
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
    unsafe encoder.pointee.pix_fmt = AV_PIX_FMT_RGB24
    unsafe encoder.pointee.time_base = AVRational(num: 1, den: 1)
    unsafe picture.pointee.width = Int32(width)
    unsafe picture.pointee.height = Int32(height)
    unsafe picture.pointee.format = AV_PIX_FMT_RGB24.rawValue
    guard unsafe avcodec_open2(encoder, codec, nil) >= 0,
        unsafe av_frame_get_buffer(picture, 0) >= 0,
        let rows = unsafe picture.pointee.data.0
    else { throw failure }
    let stride = unsafe Int(picture.pointee.linesize.0)
    unsafe pixels.withUnsafeBytes { source in
        for row in 0..<height {
            let line = unsafe UnsafeRawBufferPointer(
                rebasing: source[row * width * 3..<(row + 1) * width * 3])
            unsafe UnsafeMutableRawPointer(rows + row * stride).copyMemory(
                from: line.baseAddress ?? UnsafeRawPointer(rows), byteCount: line.count)
        }
    }
    guard unsafe avcodec_send_frame(encoder, picture) >= 0,
        unsafe avcodec_send_frame(encoder, nil) >= 0,
        unsafe avcodec_receive_packet(encoder, output) >= 0
    else { throw failure }
    return unsafe [UInt8](
        UnsafeBufferPointer(start: output.pointee.data, count: Int(output.pointee.size)))
}
