public import Files
import Manifests
public import Recipes

/// An answer to a question about a clip, or why there is none.
public struct PredictedRow: Sendable {
    /// What was asked.
    public let question: AskedQuestion
    /// Answers and their probabilities, best first.
    public let answers: [(label: String, probability: Double)]
    /// Why there are no answers.
    public let error: String?

    /// Creates the row from its parts.
    public init(
        _ question: AskedQuestion, answers: [(label: String, probability: Double)] = [],
        error: String? = nil
    ) {
        self.question = question
        self.answers = answers
        self.error = error
    }
}

/// The CSV file of predictions: a row for each question about each clip, appended clip by clip.
///
/// A file that is there is continued: what it answers is not asked again. What a kill left of a
/// row is cut off. Columns: `video`, `start`, `end`, `task`, `prompt`; `answer`, `probability`,
/// `answer_2`, `probability_2`, …; `run`, which tells the model; `error`.
public final class PredictionTable {
    /// Rows that the file held before.
    public private(set) var numKept = 0
    /// Those of them that have an answer.
    public private(set) var numKeptAnswers = 0
    /// Of each clip, the numbers of the questions that the file does not answer.
    public private(set) var missing: [[Int]] = []
    private let file: AppendedFile
    private let header: [String]
    private let run: String

    /// Opens the file at `path`, or creates it and the folders above it.
    /// - Parameters:
    ///   - path: The file.
    ///   - asked: All that is asked.
    ///   - run: A short text that tells the model from all others.
    ///   - maxAnswers: Answers to a question at most.
    ///   - overwrite: Whether to begin anew.
    /// - Throws: `TrainingError.otherPredictions` if it was made with another model or other
    ///   questions, or is another file; `FileError.busy` if another process writes it,
    ///   `.cannotCreate` or `.system`.
    public init(
        path: String, asked: [AskedClip], run: String, maxAnswers: Int, overwrite: Bool
    ) throws {
        try makeDirectory(at: parentDirectory(of: path))
        file = try AppendedFile(path: path)
        self.run = run
        header =
            ["video", "start", "end", "task", "prompt", "answer", "probability"]
            + (2..<max(2, maxAnswers + 1)).flatMap { ["answer_\($0)", "probability_\($0)"] }
            + ["run", "error"]
        let content = overwrite ? [] : try file.readAll()
        let whole = lengthOfWholeRecords(content)
        let first = line(header)
        // A part of the header is what a kill left of it.
        guard whole > 0 || first.starts(with: content) else {
            throw Self.refusal(path, "it is not a table of predictions")
        }
        let rows = whole > 0 ? try keptRows(Array(content[..<whole])) : []
        numKept = rows.count
        numKeptAnswers = rows.count { !$0[5].isEmpty }
        try divide(asked, rows)
        if whole < content.count || overwrite { try file.cut(to: whole) }
        if whole == 0 { try file.append(first) }
    }

    /// Appends those of `rows`, which answer all questions about a clip, that are `missing`.
    /// - Throws: `FileError.system`.
    public func append(_ rows: [PredictedRow], about clip: Clip, missing: [Int]) throws(FileError) {
        let slots = (header.count - 7) / 2
        var bytes: [UInt8] = []
        for row in missing.map({ rows[$0] }) {
            var fields = Self.fields(clip, row.question)
            for slot in 0..<slots {
                let answer = row.answers.indices.contains(slot) ? row.answers[slot] : nil
                fields += [answer?.label ?? "", answer.map { "\($0.probability)" } ?? ""]
            }
            bytes += line(fields + [run, row.error ?? ""])
        }
        try file.append(bytes)
    }

    /// Makes sure that all rows are on disk.
    /// - Throws: `FileError.system`.
    public func finish() throws(FileError) { try file.sync() }

    private static func fields(_ clip: Clip, _ question: AskedQuestion) -> [String] {
        [clip.video] + clip.windowText + [question.task, question.prompt]
    }

    private func line(_ fields: [String]) -> [UInt8] { Array((csvRecord(fields) + "\n").utf8) }

    // MARK: - What the file holds

    /// The rows in `content`, which ends with a whole one.
    private func keptRows(_ content: [UInt8]) throws -> [[String]] {
        guard let table = try? DelimitedFile(bytes: content, path: file.path + ".csv") else {
            throw Self.refusal(file.path, "it is not CSV text")
        }
        guard table.header == header else {
            throw Self.refusal(
                file.path,
                table.header.first == header.first && table.header.last == header.last
                    ? "it has another number of answers (`--top-k`)" : "it has other columns")
        }
        return try table.records.map { record in
            guard record.fields.count == header.count else {
                throw Self.refusal(
                    file.path, "line \(record.line) has \(record.fields.count) fields")
            }
            guard record.fields[header.count - 2] == run else {
                throw Self.refusal(file.path, "it was made with another run or encoder")
            }
            return record.fields
        }
    }

    /// Finds out which questions about each clip the file does not answer.
    ///
    /// Clips may come and go. Of a clip that the file knows it has all questions, unless it is the
    /// last one, in which a kill may have come.
    private func divide(_ asked: [AskedClip], _ rows: [[String]]) throws {
        var standing: [[UInt8]: Int] = [:]
        for row in rows { standing[line(Array(row[..<5])), default: 0] += 1 }
        let questions = Set(asked.flatMap { $0.questions.map { line([$0.task, $0.prompt]) } })
        if let other = rows.first(where: { !questions.contains(line([$0[3], $0[4]])) }) {
            throw Self.refusal(
                file.path, "it answers “\(other[4])” (task `\(other[3])`), which is not asked now")
        }
        missing = asked.map { clip in
            clip.questions.indices.filter { number in
                let key = line(Self.fields(clip.clip, clip.questions[number]))
                guard let count = standing[key], count > 0 else { return true }
                standing[key] = count - 1
                return false
            }
        }
        let last = rows.last.map { line(Array($0[..<3])) }
        for (clip, missing) in zip(asked, missing)
        where 1..<max(1, clip.questions.count) ~= missing.count
            && line([clip.clip.video] + clip.clip.windowText) != last
        {
            throw Self.refusal(
                file.path,
                "it does not answer “\(clip.questions[missing[0]].prompt)” (task "
                    + "`\(clip.questions[missing[0]].task)`) about \(clip.clip.video)")
        }
    }

    private static func refusal(_ path: String, _ reason: String) -> TrainingError {
        .otherPredictions(path: path, reason: reason)
    }
}

/// The bytes of a CSV text up to the end of its last whole record.
private func lengthOfWholeRecords(_ text: [UInt8]) -> Int {
    var (isQuoted, end) = (false, 0)
    for (index, byte) in text.enumerated() {
        // The second of two doubled quotes reopens what the first one closed.
        if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
        if byte == UInt8(ascii: "\n"), !isQuoted { end = index + 1 }
    }
    return end
}
