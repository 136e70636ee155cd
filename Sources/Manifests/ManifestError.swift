import Files

/// Why a manifest cannot be read at all.
///
/// A fault of a single row is a `RejectedRow` instead.
public enum ManifestError: Error, Sendable, Equatable, CustomStringConvertible {
    case unreadable(path: String, reason: String)
    /// A folder that cannot be listed: all of its videos would be missing.
    case unreadableFolder(path: String, reason: String)
    /// A file without a header.
    case empty(path: String)
    /// `line` is 1-based.
    case notUTF8(path: String, line: Int)
    /// `line` is 1-based.
    case malformedCSV(path: String, line: Int, reason: String)
    case missingColumn(path: String, column: String, found: [String])
    case duplicateColumn(path: String, column: String)
    case noRows(path: String)
    case invalidSplitFractions(String)
    case invalidClassList(path: String, reason: String)
    /// A folder that cannot become a manifest; `reason` says what to do.
    case noVideos(path: String, reason: String)
    /// A data set's own list that cannot be read; line 0 means the file as a whole.
    case invalidList(path: String, line: Int, reason: String)

    /// What is wrong, in which line, and what to write instead.
    public var description: String {
        switch self {
        case .unreadable(let path, let reason):
            "Cannot read the manifest \(path): \(reason)."
        case .unreadableFolder(let path, let reason):
            "Cannot list the folder \(path): \(reason). Make it readable, or move it away."
        case .empty(let path):
            "\(path) is empty. Write a header line such as `video,label` and one row per video."
        case .notUTF8(let path, let line):
            "\(path), line \(line): the text is not UTF-8. "
                + "Save the file as UTF-8, for example with `iconv -f latin1 -t utf-8`, or with "
                + "`iconv -f utf-16 -t utf-8` if a spreadsheet saved it as Unicode text."
        case .malformedCSV(let path, let line, let reason):
            "\(path), line \(line): \(reason). "
                + "Put a field that holds commas or quotes in quotes and double the quotes inside."
        case .missingColumn(let path, _, let found)
        where found.count == 1 && found[0].contains(";"):
            "\(path), line 1: the header is `\(found[0])`. "
                + "Separate the columns by commas or tabs instead of semicolons."
        case .missingColumn(let path, let column, let found):
            "\(path), line 1: there is no column `\(column)`; found \(quoted(found)). "
                + "Name the column in the header line."
        case .duplicateColumn(let path, let column):
            "\(path), line 1: the column `\(column)` occurs twice. Rename or remove one."
        case .noRows(let path) where lastComponent(of: path) == "quarantine.csv":
            "\(path) has no rows, so there is nothing to try again."
        case .noRows(let path):
            "\(path) has a header but no rows. Add one row per video."
        case .invalidSplitFractions(let text):
            "`\(text)` is not a split. Write three fractions of train, validation and test "
                + "that add up to 1, such as 0.8,0.1,0.1."
        case .invalidClassList(let path, let reason):
            "Cannot use the class list \(path): \(reason). Write one class name per line."
        case .noVideos(let path, let reason):
            "Cannot make a manifest of the folder \(path): \(reason)."
        case .invalidList(let path, 0, let reason):
            "Cannot use the list \(path): \(reason)."
        case .invalidList(let path, let line, let reason):
            "\(path), line \(line): \(reason)."
        }
    }

    /// Why a system call failed, without the path; the whole sentence of any other error.
    static func reason(of error: FileError) -> String {
        if case .system(_, _, _, let reason) = error { reason } else { "\(error)" }
    }

    private func quoted(_ names: [String]) -> String {
        names.map { "`\($0)`" }.joined(separator: ", ")
    }
}
