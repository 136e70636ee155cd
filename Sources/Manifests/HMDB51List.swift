import Files
import Recipes

/// Adds the rows of one class's split file of HMDB51, such as `brush_hair_test_split1.txt`.
///
/// A line is a file's name and 1 for train, 2 for test or 0 for neither.
func addHMDB51List(
    _ list: ListFile, _ index: VideoIndex, to draft: inout ManifestDraft
) throws(ManifestError) {
    let name = lastComponent(of: list.path)
    guard let match = name.wholeMatch(of: /(.+)_test_split[0-9]+\.[a-z]+/) else {
        throw .invalidList(
            path: list.path, line: 0,
            reason: "its name does not say the class; HMDB51 calls it CLASS_test_split1.txt")
    }
    let label = String(match.1)
    for line in try list.lines() {
        guard let (name, use) = splitAtLastBlank(line.text), ["0", "1", "2"].contains(use) else {
            throw .invalidList(
                path: list.path, line: line.number,
                reason: "found `\(line.text)`; expected a file's name and 0, 1 or 2")
        }
        if use == "0" {
            draft.numSkipped += 1
            continue
        }
        let found = index.path(ofStem: stem(name), folders: [label])
        if found == nil { draft.numMissing += 1 }
        let split = use == "1" ? Split.train : .test
        draft.rows.append(
            ManifestDraft.Row(
                video: found ?? join(label, name), label: label, split: split.rawValue))
    }
}
