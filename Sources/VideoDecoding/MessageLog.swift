import CFFmpeg
import Foundation

/// Error messages of FFmpeg during one clip: some faults it reports in no other way.
///
/// FFmpeg has one message callback per process. It finds the log of the clip that is being decoded
/// on its thread; messages of other threads and of no clip are dropped.
final class MessageLog {
    private(set) var numContainerErrors = 0
    private(set) var numDecoderErrors = 0
    /// Messages on pictures that the stream lacks, which H.264 makes up without marking them.
    private(set) var numMissingPictures = 0
    /// The newest error of the container.
    private(set) var containerError = ""

    /// Source: `libavcodec/h264_slice.c`, `libavcodec/h264_refs.c`.
    private static let missingPictures = ["Frame num gap", "Missing reference picture"]

    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        unsafe pthread_key_create(&key, nil)
        unsafe av_log_set_callback { source, level, format, arguments in
            guard level <= AV_LOG_ERROR, let source = unsafe source, let format = unsafe format,
                let log = unsafe pthread_getspecific(MessageLog.key)
            else { return }
            unsafe Unmanaged<MessageLog>.fromOpaque(log).takeUnretainedValue().add(
                from: source, format: format, arguments: arguments)
        }
        return key
    }()

    /// Makes this the log of the current thread while `body` runs.
    func collect<Result>(
        _ body: () throws(DecodeError) -> Result
    ) throws(DecodeError) -> Result {
        unsafe pthread_setspecific(Self.key, Unmanaged.passUnretained(self).toOpaque())
        defer { pthread_setspecific(Self.key, nil) }
        return try body()
    }

    private func add(
        from source: UnsafeMutableRawPointer, format: UnsafePointer<CChar>,
        arguments: CVaListPointer?  // not optional on every platform where it arrives
    ) {
        // Every context that FFmpeg logs for begins with a pointer to its `AVClass`.
        guard let owner = unsafe source.load(as: UnsafePointer<AVClass>?.self),
            let name = unsafe owner.pointee.class_name.map({ unsafe String(cString: $0) })
        else { return }
        if name == "AVCodecContext" {
            numDecoderErrors += 1
            let text = unsafe String(cString: format)
            if Self.missingPictures.contains(where: text.hasPrefix) { numMissingPictures += 1 }
        }
        guard name == "AVFormatContext" else { return }
        numContainerErrors += 1
        containerError = unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 160) {
            text in
            guard let base = text.baseAddress, let arguments = unsafe arguments,
                unsafe vsnprintf(base, text.count, format, arguments) >= 0
            else { return "" }
            return unsafe String(cString: base).trimmingCharacters(in: .newlines)
        }
    }
}
