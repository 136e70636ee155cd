public import Files
import Foundation

/// Opens the regular file at `path`, which may be empty.
///
/// Named pipes and devices are refused: opening them can block forever.
/// - Throws: `DecodeError.missing`, `.notAFile` or `.unreadable`.
public func openVideo(_ path: String) throws(DecodeError) -> ReadableFile {
    guard !path.utf8.contains(0) else { throw .missing }
    var info = stat()
    guard unsafe stat(path, &info) == 0 else {
        let code = errno
        if code == ENOENT || code == ENOTDIR { throw .missing }
        throw .unreadable(stage: .open, detail: unsafe String(cString: strerror(code)))
    }
    switch info.st_mode & S_IFMT {
    case S_IFREG: break
    case S_IFDIR: throw .notAFile(found: "a directory")
    default: throw .notAFile(found: "a device, pipe or socket")
    }
    do {
        return try ReadableFile(path: path)
    } catch .system(_, _, _, let reason) {
        throw .unreadable(stage: .open, detail: reason)
    } catch {
        throw .unreadable(stage: .open, detail: "\(error)")
    }
}

/// FFmpeg's names of the containers that are read.
///
/// Not a list of what to refuse: FFmpeg also "demuxes" playlists, scripts, image patterns,
/// plain text and raw bytes, and new releases add more.
let videoContainers: Set<String> = [
    "apng", "asf", "asf_o", "avi", "dv", "flv", "gif", "gxf", "h261", "h263", "h264", "hevc",
    "ivf", "jpeg_pipe",
    "m4v", "matroska", "mjpeg", "mov", "mpeg", "mpegts", "mpegvideo", "mxf", "nsv", "nut",
    "obu", "ogg", "rm", "vc1", "webm", "wtv", "yuv4mpegpipe",
]
