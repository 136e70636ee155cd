import Files

/// The videos below a folder by name, to find those that a list names.
struct VideoIndex {
    /// Paths by file name without extension, sorted by bytes.
    private var paths: [ExactText: [String]] = [:]

    /// Lists the videos below `directory`.
    /// - Throws: `ManifestError.unreadableFolder`, and `.noVideos` if a name is not UTF-8.
    init(directory: String) throws(ManifestError) {
        var folder = VideoFolder(path: directory)
        for path in try folder.videos(below: "") {
            paths[ExactText(stem(lastComponent(of: path))), default: []].append(path)
        }
    }

    /// The video called `stem`, with any video extension.
    ///
    /// Of several the one whose folders are most like `folders`, which are compared without regard
    /// to case, blanks and underscores; of equals the first.
    func path(ofStem stem: String, folders: [String] = []) -> String? {
        guard let candidates = paths[ExactText(stem)] else { return nil }
        guard candidates.count > 1 else { return candidates[0] }
        let wanted = Set(folders.map(likeness))
        func agreement(_ path: String) -> Int {
            let parts = path.unicodeScalars.split(separator: "/").dropLast()
            return parts.count { wanted.contains(likeness(String($0))) }
        }
        return candidates.enumerated().max { left, right in
            (agreement(left.element), right.offset) < (agreement(right.element), left.offset)
        }?.element
    }
}

/// `name` without what follows its last dot.
func stem(_ name: String) -> String {
    guard let dot = name.unicodeScalars.lastIndex(of: "."), dot != name.startIndex else {
        return name
    }
    return String(name.unicodeScalars[..<dot])
}

/// `name` in a form that ignores case, blanks, underscores and hyphens, for comparison.
func likeness(_ name: String) -> String {
    let kept = name.unicodeScalars.filter { !$0.properties.isWhitespace && $0 != "_" && $0 != "-" }
    return String(String.UnicodeScalarView(kept)).lowercased()
}
