import CFFmpeg
import Files

/// The open bytes and the format context on top of them, closed together.
///
/// A class, because opening can fail between the two and `deinit` then closes what exists.
@safe
final class InputFile {
    private(set) var context: UnsafeMutablePointer<AVFormatContext>?
    private let bytes: FileBytes
    private let deadline: Deadline

    /// Reads what the container in `file` says about its streams.
    init(
        _ file: ReadableFile, maxPixels: Int, deadline: Deadline
    ) throws(DecodeError) {
        guard file.count > 0 else { throw .empty }
        self.deadline = deadline
        bytes = FileBytes(file, deadline: deadline)
        // Only containers that say so by their extension need the name.
        let name = lastComponent(of: file.path)
        let container = unsafe try probeContainer(name)
        unsafe context = avformat_alloc_context()
        unsafe context?.pointee.pb = bytes.context
        // Whatever a container refers to stays closed.
        unsafe context?.pointee.io_open = { _, _, _, _, _ in vbp_error_not_permitted() }
        try check(unsafe avformat_open_input(&context, name, container, nil), .open, deadline)
        try findStreamInfo(maxPixels: maxPixels)
    }

    deinit { unsafe avformat_close_input(&context) }

    /// The stream with FFmpeg's number `index`.
    func stream(_ index: Int32) -> UnsafeMutablePointer<AVStream>? {
        guard let context = unsafe context, index >= 0,
            unsafe index < Int32(clamping: context.pointee.nb_streams)
        else { return nil }
        return unsafe context.pointee.streams[Int(index)]
    }

    /// FFmpeg's name of the container, such as `mov,mp4,m4a,3gp,3g2,mj2`.
    var containerName: String {
        guard let format = unsafe context?.pointee.iformat else { return "" }
        return unsafe String(cString: format.pointee.name)
    }

    /// The failure of the bytes below, which some demuxers report as the end of the file.
    var readStatus: Int32 {
        let status = unsafe context?.pointee.pb?.pointee.error ?? 0
        return status == vbp_error_end_of_file() ? 0 : status
    }

    /// Detects the format of the bytes and accepts only video containers.
    private func probeContainer(
        _ name: String
    ) throws(DecodeError) -> UnsafePointer<AVInputFormat>? {
        var format: UnsafePointer<AVInputFormat>?
        try check(
            unsafe av_probe_input_buffer2(bytes.context, &format, name, nil, 0, 0), .open, deadline)
        guard let name = unsafe format.map({ unsafe String(cString: $0.pointee.name) }),
            name.split(separator: ",").contains(where: { videoContainers.contains(String($0)) })
        else {
            let name = unsafe format.map { unsafe String(cString: $0.pointee.name) }
            throw .unsupportedContainer(name: name ?? "unknown")
        }
        return unsafe format
    }

    /// Completes the stream parameters (`avformat_find_stream_info`).
    ///
    /// This decodes the first frames, so the pixel limit holds here already.
    private func findStreamInfo(maxPixels: Int) throws(DecodeError) {
        let count = unsafe Int(context?.pointee.nb_streams ?? 0)
        for index in 0..<count { unsafe assumePixelFormat(context?.pointee.streams[index]) }
        var options = unsafe [OpaquePointer?](repeating: nil, count: count)
        for index in unsafe options.indices {
            unsafe av_dict_set_int(&options[index], "max_pixels", Int64(maxPixels), 0)
        }
        defer {
            for index in unsafe options.indices { unsafe av_dict_free(&options[index]) }
        }
        try check(unsafe avformat_find_stream_info(context, &options), .open, deadline)
    }

    /// Sets a pixel format where this saves FFmpeg from decoding a picture only to find it out.
    ///
    /// The decoders of VP8 and VP9 set their own from each key frame, whatever was named.
    private func assumePixelFormat(_ stream: UnsafeMutablePointer<AVStream>?) {
        guard let parameters = unsafe stream?.pointee.codecpar,
            unsafe [AV_CODEC_ID_VP8, AV_CODEC_ID_VP9].contains(parameters.pointee.codec_id),
            unsafe parameters.pointee.format == AV_PIX_FMT_NONE.rawValue
        else { return }
        unsafe parameters.pointee.format = AV_PIX_FMT_YUV420P.rawValue
    }
}
