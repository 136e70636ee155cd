import Foundation
import Recipes

/// Adds the rows of a Something-Something JSON list; the class is the template without brackets.
///
/// The list of classes, `labels.json`, holds no row. Entries without template and label, as test
/// lists have them, are counted as skipped.
func addSomethingSomethingList(
    _ list: ListFile, _ index: VideoIndex, to draft: inout ManifestDraft
) throws(ManifestError) {
    let data = Data(list.bytes)
    let entries: [Entry]
    do {
        let decoder = JSONDecoder()
        if (try? decoder.decode([String: String].self, from: data)) != nil { return }
        if (try? decoder.decode([String].self, from: data)) != nil { return }
        entries = try decoder.decode([Entry].self, from: data)
    } catch {
        throw .invalidList(
            path: list.path, line: 0,
            reason: "it is not a JSON list of objects with `id` and `template`")
    }
    for entry in entries {
        guard let text = entry.template ?? entry.label, !text.isEmpty else {
            draft.numSkipped += 1
            continue
        }
        let found = index.path(ofStem: entry.id)
        if found == nil { draft.numMissing += 1 }
        let label = text.unicodeScalars.filter { $0 != "[" && $0 != "]" }
        draft.rows.append(
            ManifestDraft.Row(
                video: found ?? entry.id + ".webm", label: String(String.UnicodeScalarView(label)),
                split: list.splitInName?.rawValue ?? ""))
    }
}

private struct Entry: Decodable {
    let id: String
    let template: String?
    let label: String?

    private enum CodingKeys: CodingKey {
        case id, template, label
    }

    /// The id is text, though some copies of the lists have a number.
    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        if let number = try? container.decode(Int.self, forKey: .id) {
            id = "\(number)"
        } else {
            id = try container.decode(String.self, forKey: .id)
        }
        template = try container.decodeIfPresent(String.self, forKey: .template)
        label = try container.decodeIfPresent(String.self, forKey: .label)
    }
}
