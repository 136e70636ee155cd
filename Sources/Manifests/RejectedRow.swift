public import Recipes

/// A row that cannot become a question, with the reason that `quarantine.csv` states.
public struct RejectedRow: Sendable, Equatable {
    /// The row's 0-based number in the manifest.
    public let number: Int
    /// The fields as they stand in the file, in the order of `Manifest.columns`.
    public let fields: [String]
    /// The name that the clip's sample has or would have; `nil` if the row names no usable clip.
    public let key: ClipKey?
    /// One short machine-readable word, such as `missing-label`.
    public let reason: String
    /// A sentence: file, line, column, what was found, what to write instead.
    public let detail: String

    /// Creates the row from its parts.
    public init(number: Int, fields: [String], key: ClipKey?, reason: String, detail: String) {
        self.number = number
        self.fields = fields
        self.key = key
        self.reason = reason
        self.detail = detail
    }

    /// `file` is the manifest's name; its folder stays out, since the sentence becomes part of the
    /// dataset.
    init(_ fault: RowFault, number: Int, line: Int, fields: [String], key: ClipKey?, file: String) {
        self.init(
            number: number, fields: fields, key: key, reason: fault.reason,
            detail: "\(file), line \(line), column \(fault.column): \(fault.finding).")
    }

    init(_ fault: RowFault, row: ManifestRow, file: String) {
        self.init(
            fault, number: row.number, line: row.line, fields: row.fields, key: row.key, file: file)
    }
}

/// What is wrong with a row.
struct RowFault: Error {
    let reason: String
    let column: String
    /// What was found and what to write instead, without the full stop.
    let finding: String

    init(_ reason: String, column: String, _ finding: String) {
        self.reason = reason
        self.column = column
        self.finding = finding
    }
}
