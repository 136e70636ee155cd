import Files
import Recipes

/// Adds the rows of a Kinetics CSV.
///
/// A file called `ID_000010_000020` is already trimmed; from one called `ID` the window from
/// `time_start` to `time_end` is taken.
func addKineticsList(
    _ list: ListFile, _ index: VideoIndex, to draft: inout ManifestDraft
) throws(ManifestError) {
    let file = try DelimitedFile(bytes: list.bytes, path: list.path)
    let names = file.header.map { $0.lowercased() }
    func place(_ column: String) throws(ManifestError) -> Int {
        guard let place = names.firstIndex(of: column) else {
            throw .missingColumn(path: list.path, column: column, found: file.header)
        }
        return place
    }
    let (label, video) = (try place("label"), try place("youtube_id"))
    let (start, end) = (try place("time_start"), try place("time_end"))
    let split = names.firstIndex(of: "split")
    for record in file.records {
        guard record.fields.count == names.count else {
            throw .invalidList(
                path: list.path, line: record.line,
                reason: "found \(counted(record.fields.count, "field")) instead of \(names.count)")
        }
        let fields = record.fields
        guard !fields[label].isEmpty, !fields[video].isEmpty else {
            draft.numSkipped += 1
            continue
        }
        guard let from = wholeSeconds(fields[start]), let to = wholeSeconds(fields[end]) else {
            throw .invalidList(
                path: list.path, line: record.line,
                reason: "`\(fields[start])` to `\(fields[end])` is not a window in seconds")
        }
        let splitText = split.map { splitName(fields[$0]) } ?? list.splitInName?.rawValue ?? ""
        let trimmed = "\(fields[video])_\(sixDigits(from))_\(sixDigits(to))"
        let folders = [fields[label], fields[split ?? label], splitText]
        var row = ManifestDraft.Row(
            video: join(fields[label], trimmed + ".mp4"), label: fields[label], split: splitText)
        if let found = index.path(ofStem: trimmed, folders: folders) {
            row.video = found
        } else if let found = index.path(ofStem: fields[video], folders: folders) {
            row.video = found
            (row.start, row.end) = (fields[start], fields[end])
        } else {
            draft.numMissing += 1
        }
        draft.rows.append(row)
    }
}

/// An unknown word stays as it is, so that the row is rejected with a sentence about it.
private func splitName(_ text: String) -> String {
    let split = text.lowercased() == "validate" ? Split.validation : Split(text: text)
    return split?.rawValue ?? text
}

private func wholeSeconds(_ text: String) -> Int? {
    guard let value = Double(text), value >= 0, value < 1e6 else { return nil }
    return Int(value)
}

private func sixDigits(_ number: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, 6 - digits.count)) + digits
}
