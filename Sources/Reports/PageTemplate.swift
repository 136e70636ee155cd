import Foundation

/// Makes a page of one file: frame, body, style, scripts and the data that the scripts draw.
///
/// Nothing from the data becomes markup: it is JSON in a `script` element, and the scripts put it
/// into the page as text.
struct PageTemplate {
    /// Title of the page.
    let title: String
    /// The markup that the scripts fill.
    let body: [UInt8]
    /// The page's own script.
    let script: [UInt8]

    static let run = PageTemplate(
        title: "Video classification run", body: PackageResources.run_html,
        script: PackageResources.run_js)
    static let dataset = PageTemplate(
        title: "Video dataset", body: PackageResources.dataset_html,
        script: PackageResources.dataset_js)
    static let comparison = PageTemplate(
        title: "Comparison of runs", body: PackageResources.compare_html,
        script: PackageResources.compare_js)

    /// The page that shows `data`.
    /// - Throws: `EncodingError` if a number is not finite.
    func page(showing data: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var page: [UInt8] = []
        var rest = PackageResources.page_html[...]
        let parts: [(marker: String, bytes: [UInt8])] = [
            ("/*TITLE*/", Array(title.utf8)), ("/*STYLE*/", PackageResources.style_css),
            ("/*BODY*/", body),
            ("/*DATA*/", Self.withoutMarkup([UInt8](try encoder.encode(data)))),
            ("/*SCRIPT*/", PackageResources.drawing_js + script),
        ]
        for part in parts {
            guard let place = rest.firstRange(of: Array(part.marker.utf8)) else { continue }
            page += rest[..<place.lowerBound] + part.bytes
            rest = rest[place.upperBound...]
        }
        return page + rest
    }

    /// JSON in which no text can end the `script` element that holds it.
    private static func withoutMarkup(_ json: [UInt8]) -> [UInt8] {
        var safe: [UInt8] = []
        safe.reserveCapacity(json.count)
        for byte in json {
            if byte == UInt8(ascii: "<") {
                safe += Array("\\u003c".utf8)
            } else {
                safe.append(byte)
            }
        }
        return safe
    }
}

/// The first `length` characters of a stranger's text, so that no text makes a page large.
func shortened(_ text: String, to length: Int = 400) -> String {
    guard text.utf8.count > length, text.count > length else { return text }
    return String(text.prefix(length)) + "…"
}
