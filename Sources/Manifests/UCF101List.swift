import Recipes

/// Adds the rows of a `trainlist` or `testlist` of UCF101; a `classInd` has none.
///
/// A line is `Class/v_Class_g01_c01.avi`, in train lists followed by the number of the class.
func addUCF101List(
    _ list: ListFile, _ index: VideoIndex, to draft: inout ManifestDraft
) throws(ManifestError) {
    for line in try list.lines() {
        // A line of classInd: names are in the other lists, too.
        if line.text.wholeMatch(of: /[0-9]+[ \t]+[^\/]+/) != nil { continue }
        var path = line.text
        if let (front, last) = splitAtLastBlank(path), Int(last) != nil { path = front }
        let parts = path.unicodeScalars.split(separator: "/").map { String($0) }
        guard parts.count > 1, let name = parts.last else {
            throw .invalidList(
                path: list.path, line: line.number,
                reason: "found `\(line.text)`; expected `Class/video.avi`, and maybe a number")
        }
        let label = parts[parts.count - 2]
        let found = index.path(ofStem: stem(name), folders: [label])
        if found == nil { draft.numMissing += 1 }
        draft.rows.append(
            ManifestDraft.Row(
                video: found ?? path, label: label, split: list.splitInName?.rawValue ?? "",
                group: sourceOfUCF101(name) ?? ""))
    }
}
