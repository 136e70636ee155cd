import Files
import Foundation

/// Rows found in folders or in a data set's own list, to be written as a manifest.
public struct ManifestDraft: Sendable {
    /// One row; empty texts are empty fields.
    struct Row {
        /// Path relative to the folder of the videos.
        var video: String
        var label: String
        var split = ""
        var group = ""
        /// Seconds, as text.
        var start = ""
        var end = ""
    }

    /// How many rows, classes and so on there are; `vbprep manifest --json` prints it.
    public struct Counts: Sendable, Codable, Equatable {
        /// Rows of the manifest.
        public let rows: Int
        /// Distinct labels.
        public let classes: Int
        /// Rows whose video is not in the folder; `build-shards` will quarantine them.
        public let missing: Int
        /// Videos or lines of lists that became no row.
        public let skipped: Int
    }

    var rows: [Row] = []
    var numMissing = 0
    var numSkipped = 0

    /// How many rows, classes and so on there are.
    public var counts: Counts {
        Counts(
            rows: rows.count, classes: Set(rows.lazy.map { ExactText($0.label) }).count,
            missing: numMissing, skipped: numSkipped)
    }

    /// The manifest as CSV text, with `folder`, such as `../videos`, before each video's path.
    ///
    /// Columns without any value are left out.
    public func csv(folder: String = "") -> [UInt8] {
        let optional: [(name: String, field: KeyPath<Row, String>)] = [
            ("split", \.split), ("start", \.start), ("end", \.end), ("group", \.group),
        ]
        let used = optional.filter { column in rows.contains { !$0[keyPath: column.field].isEmpty }
        }
        let prefix = folder.isEmpty || folder.utf8.last == UInt8(ascii: "/") ? folder : folder + "/"
        var bytes: [UInt8] = []
        func append(_ fields: [String]) {
            bytes.append(contentsOf: csvRecord(fields).utf8)
            bytes.append(UInt8(ascii: "\n"))
        }
        append(["video", "label"] + used.map(\.name))
        for row in rows {
            append([prefix + row.video, row.label] + used.map { row[keyPath: $0.field] })
        }
        return bytes
    }
}

/// The relative path from the directory `base` to `directory`, which both exist; empty if equal.
///
/// Links are followed first, since `..` after one leads elsewhere.
public func relativePath(from base: String, to directory: String) -> String {
    let base = resolved(base).unicodeScalars.split(separator: "/")
    let target = resolved(directory).unicodeScalars.split(separator: "/")
    let shared = zip(base, target).prefix { $0.elementsEqual($1) }.count
    let ups = [String](repeating: "..", count: base.count - shared)
    return (ups + target.dropFirst(shared).map { String($0) }).joined(separator: "/")
}

private func resolved(_ path: String) -> String {
    guard let real = realpath(path.isEmpty ? "." : path, nil) else { return absolutePath(path) }
    defer { free(real) }
    return String(cString: real)
}
