import Foundation

/// What FFmpeg may open for a clip: one regular file, or one http(s) address.
struct InputLocation {
    /// The address handed to FFmpeg.
    let url: String
    /// Whether the video is behind a web address.
    let isRemote: Bool
    /// The protocols it may use for it, comma-separated.
    let protocols: String

    /// Refuses everything that is not one file with content or one web address.
    ///
    /// Named pipes and devices are refused too: opening them can block for ever.
    init(path: String) throws(DecodeError) {
        guard !path.utf8.contains(0) else { throw .missing }
        let scheme = path.prefix(8).lowercased()
        if scheme.hasPrefix("http://") || scheme == "https://" {
            // FFmpeg knows its protocols by their lower-case names only.
            let colon = path.firstIndex(of: ":") ?? path.startIndex
            url = path[..<colon].lowercased() + path[colon...]
            isRemote = true
            protocols = "http,https,tcp,tls,crypto"
            return
        }
        var info = stat()
        guard unsafe stat(path, &info) == 0 else { throw .missing }
        switch info.st_mode & S_IFMT {
        case S_IFREG: break
        case S_IFDIR: throw .notAFile(found: "a directory")
        default: throw .notAFile(found: "a device, pipe or socket")
        }
        guard info.st_size > 0 else { throw .empty }
        // The prefix keeps FFmpeg from reading `concat:a|b` or `subfile,,…` as a protocol.
        url = "file:" + path
        isRemote = false
        protocols = "file"
    }

    /// FFmpeg's names of the containers that are read.
    ///
    /// Not a list of what to refuse: FFmpeg also "demuxes" playlists, scripts, image patterns,
    /// plain text and raw bytes, and new releases add more.
    static let containers: Set<String> = [
        "apng", "asf", "asf_o", "avi", "dv", "flv", "gif", "gxf", "h261", "h263", "h264", "hevc",
        "ivf", "jpeg_pipe",
        "m4v", "matroska", "mjpeg", "mov", "mpeg", "mpegts", "mpegvideo", "mxf", "nsv", "nut",
        "obu", "ogg", "rm", "vc1", "webm", "wtv", "yuv4mpegpipe",
    ]
}
