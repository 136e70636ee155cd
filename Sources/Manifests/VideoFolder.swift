import Files
import Foundation

/// The names in a folder, and all video files below it.
///
/// Hidden names are skipped. Links to directories are followed, but each target only once and never
/// in a circle.
struct VideoFolder {
    /// Usual extensions of video files.
    static let videoExtensions: Set<String> = [
        "3g2", "3gp", "asf", "avi", "divx", "f4v", "flv", "gif", "ivf", "m1v", "m2ts", "m2v", "m4v",
        "mjpeg", "mjpg", "mkv", "mov", "mp4", "mpeg", "mpg", "mts", "mxf", "ogg", "ogv", "qt", "rm",
        "rmvb", "ts", "vob", "webm", "wmv", "y4m",
    ]

    private let path: String
    private var linked: Set<FileIdentity> = []

    /// - Parameter path: A directory.
    init(path: String) {
        self.path = path
    }

    /// Directories and videos directly in the folder at `relative`, sorted by bytes.
    /// - Throws: `ManifestError.unreadableFolder`, and `.noVideos` if a name is not UTF-8.
    func entries(
        of relative: String
    ) throws(ManifestError) -> (folders: [String], videos: [String]) {
        let names: [String]
        do throws(FileError) {
            names = try namesInDirectory(join(path, relative))
        } catch {
            throw .unreadableFolder(
                path: join(path, relative), reason: ManifestError.reason(of: error))
        }
        let visible = sortedByBytes(names.filter { $0.utf8.first != UInt8(ascii: ".") })
        // Bytes that are not UTF-8 have been replaced, so that the name leads nowhere.
        if let name = visible.first(where: {
            $0.contains("\u{FFFD}") && !fileExists(join(join(path, relative), $0))
        }) {
            throw .noVideos(
                path: join(path, relative),
                reason: "the file name `\(name)` is not UTF-8; rename the file")
        }
        let folders = visible.filter { isDirectory(join(join(path, relative), $0)) }
        let isFolder = Set(folders.map(ExactText.init))
        return (
            folders, visible.filter { Self.isVideo($0) && !isFolder.contains(ExactText($0)) }
        )
    }

    /// Paths, relative to the whole folder, of all videos at any depth below `relative`.
    /// - Throws: `ManifestError.unreadableFolder`, and `.noVideos` if a name is not UTF-8.
    mutating func videos(below relative: String) throws(ManifestError) -> [String] {
        var found: [String] = []
        let root = relative.isEmpty ? nil : FileIdentity(path: path)
        try collect(relative, ancestors: root.map { [$0] } ?? [], into: &found)
        return sortedByBytes(found)
    }

    private mutating func collect(
        _ relative: String, ancestors: Set<FileIdentity>, into found: inout [String]
    ) throws(ManifestError) {
        var ancestors = ancestors
        let full = join(path, relative)
        if let identity = FileIdentity(path: full) {
            if ancestors.contains(identity) { return }
            if FileIdentity.isLink(full), !linked.insert(identity).inserted { return }
            ancestors.insert(identity)
        }
        let (folders, videos) = try entries(of: relative)
        found += videos.map { join(relative, $0) }
        for folder in folders {
            try collect(join(relative, folder), ancestors: ancestors, into: &found)
        }
    }

    private static func isVideo(_ name: String) -> Bool {
        let parts = name.utf8.split(separator: UInt8(ascii: "."))
        guard parts.count > 1, let suffix = parts.last else { return false }
        return videoExtensions.contains(String(Substring(suffix)).lowercased())
    }
}

/// The paths of all videos at any depth below `directory`, which they begin with, sorted by bytes.
/// - Throws: `ManifestError.unreadableFolder`, and `.noVideos` if a name is not UTF-8.
public func videos(below directory: String) throws(ManifestError) -> [String] {
    var folder = VideoFolder(path: directory)
    return try folder.videos(below: "").map { join(directory, $0) }
}

/// `folder` and `name` with a slash between them, unless the folder is empty.
func join(_ folder: String, _ name: String) -> String {
    if folder.isEmpty || name.isEmpty { return folder + name }
    return folder.utf8.last == UInt8(ascii: "/") ? folder + name : "\(folder)/\(name)"
}

/// What tells a file from all others, whatever it is called.
private struct FileIdentity: Hashable {
    let device: UInt64
    let number: UInt64

    /// The file that `path` leads to, if there is one.
    init?(path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        device = UInt64(status.st_dev)
        number = UInt64(status.st_ino)
    }

    static func isLink(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
    }
}
