/// A question as a user lists it.
public struct ListedQuestion: Sendable, Equatable {
    /// The task that answers it; `nil` if it names none.
    public let task: String?
    /// What the Q-Former reads; empty for the run's own prompt.
    public let prompt: String

    /// Creates the question from its parts.
    public init(task: String?, prompt: String) {
        self.task = task
        self.prompt = prompt
    }
}

/// Reads the questions in the file at `path`.
///
/// A file whose name ends in `.csv` or `.tsv` has the columns `task` and `prompt`, or one of them;
/// others are ignored. Other files are text with one prompt per line. Blank lines do not count.
/// - Throws: `ManifestError.unreadable`, `.notUTF8` or `.invalidList`, and of a table `.empty`,
///   `.malformedCSV` or `.missingColumn`.
public func readQuestions(path: String) throws(ManifestError) -> [ListedQuestion] {
    let name = path.lowercased()
    let questions =
        name.hasSuffix(".csv") || name.hasSuffix(".tsv")
        ? try tabulatedQuestions(path) : try questionLines(path)
    guard !questions.isEmpty else {
        throw .invalidList(path: path, line: 0, reason: "it has no questions; write one per line")
    }
    return questions
}

private func tabulatedQuestions(_ path: String) throws(ManifestError) -> [ListedQuestion] {
    let file = try DelimitedFile(path: path)
    let names = file.header.map { $0.lowercased() }
    let (task, prompt) = (names.firstIndex(of: "task"), names.firstIndex(of: "prompt"))
    guard task != nil || prompt != nil else {
        throw .missingColumn(path: path, column: "prompt", found: file.header)
    }
    return try file.records.map { record throws(ManifestError) in
        guard record.fields.count <= names.count else {
            throw .invalidList(
                path: path, line: record.line,
                reason: "more fields than the header; quote a field that holds a comma")
        }
        func field(_ column: Int?) -> String {
            column.flatMap { record.fields.indices.contains($0) ? record.fields[$0] : nil } ?? ""
        }
        let question = ListedQuestion(
            task: field(task).isEmpty ? nil : field(task), prompt: field(prompt))
        guard question.task != nil || !question.prompt.isEmpty else {
            throw .invalidList(
                path: path, line: record.line, reason: "no task and no prompt; write one of them")
        }
        return question
    }
}

private func questionLines(_ path: String) throws(ManifestError) -> [ListedQuestion] {
    var bytes = try readText(path)[...]
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes = bytes.dropFirst(3) }
    var questions: [ListedQuestion] = []
    let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() {
        guard let text = String(validating: line, as: UTF8.self) else {
            throw .notUTF8(path: path, line: index + 1)
        }
        let scalars = text.unicodeScalars.drop { $0.properties.isWhitespace }
        guard let last = scalars.lastIndex(where: { !$0.properties.isWhitespace }) else {
            continue
        }
        questions.append(ListedQuestion(task: nil, prompt: String(scalars[...last])))
    }
    return questions
}
