import Files
import Recipes

/// A manifest of a folder with one subfolder per class: `DIR/class/…/video`.
///
/// With splits: `DIR/train/class/…/video`, also for `val`, `validation`, `valid`, `dev` and `test`.
/// Files named as UCF101 names them get a `group`, because clips of one group show one scene.
/// - Parameters:
///   - directory: The folder.
///   - splits: Whether its folders are splits; `nil` means: if all of them are named after splits.
/// - Returns: Rows in the order of their paths' bytes, with paths relative to the folder.
/// - Throws: `ManifestError.noVideos` or `.unreadableFolder`.
public func folderManifest(
    of directory: String, splits: Bool? = nil
) throws(ManifestError) -> ManifestDraft {
    var folder = VideoFolder(path: directory)
    let (folders, loose) = try folder.entries(of: "")
    var videos: [ExactText: [String]] = [:]
    for name in folders { videos[ExactText(name)] = try folder.videos(below: name) }
    let used = folders.filter { videos[ExactText($0)]?.isEmpty == false }
    let isSplit = splits ?? (!used.isEmpty && used.allSatisfy { Split(text: $0) != nil })
    if splits == nil, !isSplit, let stray = used.first(where: { Split(text: $0) == nil }),
        used.count(where: { Split(text: $0) != nil }) > 1
    {
        throw .noVideos(
            path: directory,
            reason: "its folders are splits, but `\(stray)` is not one; move it away")
    }
    var draft = ManifestDraft()
    draft.numSkipped = loose.count
    for name in used {
        let split = isSplit ? Split(text: name) : nil
        guard !isSplit || split != nil else {
            throw .noVideos(
                path: directory,
                reason: "its folder `\(name)` is not a split; name it train, validation or test, "
                    + "or leave out --splits")
        }
        for video in videos[ExactText(name)] ?? [] { draft.add(video, split: split) }
    }
    guard !draft.rows.isEmpty else {
        let place = isSplit ? "DIR/train/LABEL/video.mp4" : "DIR/LABEL/video.mp4"
        throw .noVideos(
            path: directory,
            reason: draft.numSkipped == 0
                ? "there are no videos in folders named after classes (\(place))"
                : "its videos are in no folder named after their class; move them so that they "
                    + "are at \(place), or write a manifest with the columns video and label")
    }
    return draft
}

extension ManifestDraft {
    /// Adds the video, whose class is the first folder of its path, or the second after a split's.
    fileprivate mutating func add(_ video: String, split: Split?) {
        let parts = video.unicodeScalars.split(separator: "/").dropFirst(split == nil ? 0 : 1)
        guard let label = parts.first, let name = parts.last, parts.count > 1 else {
            numSkipped += 1
            return
        }
        rows.append(
            Row(
                video: video, label: String(label), split: split?.rawValue ?? "",
                group: sourceOfUCF101(String(name)) ?? ""))
    }
}

/// The source video of a clip named as in UCF101: `v_Archery_g03` of `v_Archery_g03_c07.avi`.
///
/// Source: https://www.crcv.ucf.edu/data/UCF101.php; clips of one group come from one video.
func sourceOfUCF101(_ name: String) -> String? {
    // The regular expression is slow compared with the other work per file.
    guard name.utf8.starts(with: "v_".utf8),
        let match = name.wholeMatch(of: /(v_.+_g[0-9]+)_c[0-9]+\.[A-Za-z0-9]+/)
    else { return nil }
    return String(match.1)
}
