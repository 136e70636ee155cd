import CFFmpeg
import Files
import Foundation

/// An open file as FFmpeg reads it (`AVIOContext`).
///
/// All bytes come from the one descriptor, whatever file has its name by now. Several values may
/// read one file: each has its own position.
@safe
final class FileBytes {
    private(set) var context: UnsafeMutablePointer<AVIOContext>?
    private let file: ReadableFile
    private let deadline: Deadline
    private var position = 0

    /// As many bytes as FFmpeg's own reader of files takes at once.
    private static let bufferCount = 32 << 10

    init(_ file: ReadableFile, deadline: Deadline) {
        self.file = file
        self.deadline = deadline
        unsafe context = avio_alloc_context(
            av_malloc(Self.bufferCount)?.assumingMemoryBound(to: UInt8.self),
            Int32(Self.bufferCount), 0, Unmanaged.passUnretained(self).toOpaque(),
            { opaque, buffer, count in
                guard let bytes = unsafe FileBytes.from(opaque), let buffer = unsafe buffer else {
                    return vbp_error_not_permitted()
                }
                return unsafe bytes.read(
                    UnsafeMutableRawBufferPointer(start: buffer, count: Int(count)))
            }, nil,
            { opaque, offset, origin in
                unsafe FileBytes.from(opaque)?.seek(offset, origin) ?? -1
            })
    }

    deinit {
        // FFmpeg may have replaced the buffer that it was given.
        unsafe av_free(context?.pointee.buffer)
        unsafe avio_context_free(&context)
    }

    private static func from(_ opaque: UnsafeMutableRawPointer?) -> FileBytes? {
        unsafe opaque.map { unsafe Unmanaged<FileBytes>.fromOpaque($0).takeUnretainedValue() }
    }

    private func read(_ buffer: UnsafeMutableRawBufferPointer) -> Int32 {
        if deadline.hasPassed { return vbp_error_exit() }
        let count = unsafe file.readSome(offset: position, into: buffer)
        if count < 0 { return -errno }
        position += count
        return count == 0 ? vbp_error_end_of_file() : Int32(count)
    }

    private func seek(_ offset: Int64, _ origin: Int32) -> Int64 {
        switch origin & ~AVSEEK_FORCE {
        case AVSEEK_SIZE: return Int64(file.count)
        case SEEK_SET: position = max(0, Int(offset))
        case SEEK_CUR: position = max(0, position + Int(offset))
        case SEEK_END: position = max(0, file.count + Int(offset))
        default: return -Int64(EINVAL)
        }
        return Int64(position)
    }
}
