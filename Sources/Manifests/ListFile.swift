import Files
import Recipes

/// A list that a data set was published with.
struct ListFile {
    let path: String
    let bytes: [UInt8]

    /// A line that holds something, without blanks at its ends.
    struct Line {
        /// 1-based.
        let number: Int
        let text: String
    }

    /// The lines of the text.
    /// - Throws: `ManifestError.notUTF8`.
    func lines() throws(ManifestError) -> [Line] {
        var lines: [Line] = []
        let parts = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, part) in parts.enumerated() {
            guard let text = String(validating: trimmed(part), as: UTF8.self) else {
                throw .notUTF8(path: path, line: index + 1)
            }
            if !text.isEmpty { lines.append(Line(number: index + 1, text: text)) }
        }
        return lines
    }

    /// The format that the beginning of the content has, if it is a known one.
    var format: PublishedListFormat? {
        guard let first = ListFile(path: path, bytes: Array(bytes.prefix(65536))).firstLine
        else { return nil }
        if first.hasPrefix("[") || first.hasPrefix("{") { return .somethingSomething }
        if first.contains("youtube_id") { return .kinetics }
        if first.wholeMatch(of: /.+\.[A-Za-z0-9]+[ \t]+[012]/) != nil, !first.contains("/") {
            return .hmdb51
        }
        if first.wholeMatch(of: /[^\/]+\/.+\.[A-Za-z0-9]+(?:[ \t]+[0-9]+)?/) != nil
            || first.wholeMatch(of: /[0-9]+[ \t]+[A-Za-z].*/) != nil
        {
            return .ucf101
        }
        return nil
    }

    /// The split that the file's name states; `nil` if it states none.
    var splitInName: Split? {
        let name = lastComponent(of: path).lowercased()
        if name.contains("train") { return .train }
        if name.contains("val") { return .validation }
        return name.contains("test") ? .test : nil
    }

    private var firstLine: String? {
        let content = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes[...]
        let lines = content.split(whereSeparator: { $0 == UInt8(ascii: "\n") })
        return lines.lazy.map { String(decoding: trimmed($0), as: UTF8.self) }
            .first { !$0.isEmpty }
    }
}

private func trimmed(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    func isBlank(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
    }
    var line = line.drop(while: isBlank)
    while let last = line.last, isBlank(last) { line.removeLast() }
    return line
}

/// Divides `text` at its last run of blanks; `nil` if it has none.
func splitAtLastBlank(_ text: String) -> (front: String, last: String)? {
    let bytes = Array(text.utf8)
    let isBlank = { (byte: UInt8) in byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
    guard let blank = bytes.lastIndex(where: isBlank) else { return nil }
    let front = String(decoding: trimmed(bytes[..<blank]), as: UTF8.self)
    return (front, String(decoding: bytes[(blank + 1)...], as: UTF8.self))
}
