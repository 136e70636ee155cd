import CFFmpeg
import Files

/// What the container says about the chosen video stream.
struct VideoStream {
    var index: Int32
    var timeBase: AVRational
    var numFramesFromHeader: Int?
    var orientation: Orientation
    var codecID: AVCodecID
    /// Whether every picture is one frame, never two fields that may come as two packets.
    var isProgressive: Bool
}

/// A container whose video packets are read in file order.
///
/// Nothing but the one file of the request is ever read.
@safe
final class Demuxer {
    let stream: VideoStream
    let decoder: UnsafePointer<AVCodec>
    private let input: InputFile
    private let deadline: Deadline

    /// Finds out what `file` holds and chooses the video stream.
    init(_ file: ReadableFile, maxPixels: Int, deadline: Deadline) throws(DecodeError) {
        input = try InputFile(file, maxPixels: maxPixels, deadline: deadline)
        self.deadline = deadline
        sizeBytes = file.count
        let index = try chooseVideoStream(of: input)
        guard let stream = unsafe input.stream(index)?.pointee,
            let parameters = unsafe stream.codecpar?.pointee
        else { throw .noVideoStream(found: "none") }
        guard let decoder = unsafe avcodec_find_decoder(parameters.codec_id) else {
            throw .unsupportedCodec(
                name: unsafe String(cString: avcodec_get_name(parameters.codec_id)))
        }
        unsafe self.decoder = decoder
        let width = unsafe Int(parameters.width)
        let height = unsafe Int(parameters.height)
        guard width * height <= maxPixels else {
            throw .tooLarge(width: width, height: height, maxPixels: maxPixels)
        }
        unsafe self.stream = VideoStream(
            index: index, timeBase: stream.time_base,
            numFramesFromHeader: stream.nb_frames > 0 ? Int(stream.nb_frames) : nil,
            orientation: Orientation(displayMatrix: vbp_display_matrix(input.stream(index))),
            codecID: parameters.codec_id,
            isProgressive: parameters.field_order == AV_FIELD_PROGRESSIVE)
        discardOtherStreams()
    }

    /// What a decoder of the stream needs to know; valid as long as the demuxer lives.
    var codecParameters: UnsafeMutablePointer<AVCodecParameters>? {
        unsafe input.stream(stream.index)?.pointee.codecpar
    }

    /// The codec's own headers as the container stores them (`extradata`); often empty.
    var extradata: [UInt8] {
        guard let parameters = unsafe codecParameters?.pointee else { return [] }
        let count = unsafe max(0, Int(parameters.extradata_size))
        return unsafe Array(UnsafeBufferPointer(start: parameters.extradata, count: count))
    }

    /// The size of the file.
    let sizeBytes: Int

    /// The number of packets in the container's own index, where that is complete from the start.
    var numIndexedPackets: Int? {
        guard input.containerName.hasPrefix("mov") else { return nil }
        return Int(unsafe avformat_index_get_entries_count(input.stream(stream.index)))
    }

    /// Whether a packet that is marked as corrupt may be whole: MPEG-TS marks the first packet
    /// after every jump of its counters, as where recordings are joined.
    var marksJumpsAsCorrupt: Bool { input.containerName == "mpegts" }

    /// Reads the next video packet (`av_read_frame`); `false` at the end.
    func read(into packet: PacketBuffer) throws(DecodeError) -> Bool {
        while true {
            try deadline.check(.scan)
            unsafe av_packet_unref(packet.pointer)
            let status = unsafe av_read_frame(input.context, packet.pointer)
            guard status != vbp_error_end_of_file() else {
                try check(input.readStatus, .scan, deadline)
                return false
            }
            try check(status, .scan, deadline)
            if unsafe packet.pointer?.pointee.stream_index == stream.index { return true }
        }
    }

    /// Goes to the last key packet at or before `time` (`av_seek_frame`); `false` if it cannot.
    func seek(to time: Int64) -> Bool {
        unsafe av_seek_frame(input.context, stream.index, time, AVSEEK_FLAG_BACKWARD) >= 0
    }

    /// Makes the demuxer skip packets of audio, subtitles and other video streams.
    private func discardOtherStreams() {
        var index: Int32 = 0
        while let other = unsafe input.stream(index) {
            if index != stream.index { unsafe other.pointee.discard = AVDISCARD_ALL }
            index += 1
        }
    }
}

/// FFmpeg's best video stream that is not a cover picture.
private func chooseVideoStream(of input: InputFile) throws(DecodeError) -> Int32 {
    func isMovingPicture(_ index: Int32) -> Bool {
        guard let stream = unsafe input.stream(index)?.pointee else { return false }
        return unsafe stream.codecpar.pointee.codec_type == AVMEDIA_TYPE_VIDEO
            && stream.disposition & AV_DISPOSITION_ATTACHED_PIC == 0
    }
    let best = unsafe av_find_best_stream(input.context, AVMEDIA_TYPE_VIDEO, -1, -1, nil, 0)
    if isMovingPicture(best) { return best }
    var found: [String] = []
    var index: Int32 = 0
    while let stream = unsafe input.stream(index) {
        if isMovingPicture(index) { return index }
        let type = unsafe stream.pointee.codecpar.pointee.codec_type
        found.append(
            type == AVMEDIA_TYPE_VIDEO
                ? "cover picture"
                : unsafe av_get_media_type_string(type).map { unsafe String(cString: $0) } ?? "data"
        )
        index += 1
    }
    throw .noVideoStream(found: found.isEmpty ? "no stream at all" : found.joined(separator: ", "))
}
