import Files
import Foundation
import Pipelines
import Recipes
import Training

/// An answer, or why there is none, as `predict --json` prints it.
struct Prediction: Encodable {
    let video: String
    let start: Double?
    let end: Double?
    let task: String
    /// `nil` if the Q-Former reads none.
    let prompt: String?
    let classes: [Predictor.Candidate]
    let error: String?
}

/// Answers questions about clips, which come in order, and shows or writes each answer at once.
final class PredictionOutput {
    /// Questions that were answered, now or before.
    private(set) var numAnswered: Int
    private let clips: [AskedClip]
    private let predictor: Predictor
    private let topK: Int
    private let table: PredictionTable?
    private let tablePath: String?
    private let attention: AttentionOutput?
    private let isJSON: Bool
    private let progress: ProgressReporter?
    /// Whether a clip has questions that are not answered yet.
    private let isWanted: [Bool]
    /// The clip that comes next.
    private var next = 0
    private var numClipsDone: Int
    private let numClipsKept: Int
    private var numFailed = 0
    private var numRows = 0

    /// - Parameters:
    ///   - clips: All that is asked.
    ///   - predictor: Answers it.
    ///   - topK: Answers to a question at most.
    ///   - table: Path of the CSV file; `nil` shows answers on stdout.
    ///   - overwrite: Whether to begin that file anew.
    ///   - isJSON: Whether stdout gets one JSON array.
    ///   - attention: Takes what led to the answers.
    /// - Throws: `TrainingError.otherPredictions`, `FileError`.
    init(
        _ clips: [AskedClip], of predictor: Predictor, topK: Int, table: String?, overwrite: Bool,
        isJSON: Bool, attention: AttentionOutput?
    ) throws {
        let mostClasses = predictor.outputs.tasks.map(\.classes.count).max() ?? 1
        let file = try table.map {
            try PredictionTable(
                path: $0, asked: clips, run: predictor.identity,
                maxAnswers: min(topK, mostClasses), overwrite: overwrite)
        }
        self.clips = clips
        self.predictor = predictor
        self.topK = topK
        self.table = file
        tablePath = table
        self.attention = attention
        self.isJSON = isJSON
        isWanted = clips.indices.map { attention != nil || file?.missing[$0].isEmpty != true }
        numAnswered = file?.numKeptAnswers ?? 0
        numClipsKept = isWanted.count { !$0 }
        numClipsDone = numClipsKept
        progress = table == nil && !isJSON ? nil : ProgressReporter(title: "predict")
    }

    /// The clips that have to be decoded, in order.
    var clipsToDecode: [Clip] {
        clips.indices.filter { isWanted[$0] && clips[$0].problem == nil }.map { clips[$0].clip }
    }

    /// Takes the next of `clipsToDecode`, or why it could not be decoded.
    /// - Throws: `FileError` if an answer cannot be written.
    func take(_ loaded: Result<LoadedClip, PipelineError>) throws {
        try passProblems()
        let clip = clips[next]
        do {
            let answers = try predictor.answers(
                about: loaded.get(), to: clip.questions, video: clip.clip.video,
                traces: attention != nil)
            try attention?.add(answers, about: clip, number: next, pixels: loaded.get().pixels)
            try show(clip.questions.indices.map { (answers.candidates[$0], nil) })
        } catch let error where error is PipelineError || error is TrainingError {
            try show(error)
        }
    }

    /// Ends what was begun.
    /// - Throws: `FileError`, `ModelError.file`.
    func finish(isStopped: Bool) throws {
        if !isStopped { try passProblems() }
        try table?.finish()
        try attention?.finish(isWhole: !isStopped)
        if isJSON {
            print(numRows == 0 ? "[]" : "]")
        } else if let tablePath, let table {
            print(
                "\(tablePath): \(counted(table.numKept, "row")) kept, \(numRows) new, "
                    + "\(numFailed) of them with an error")
        }
    }

    /// Shows what is wrong with clips that nobody tries to decode, up to the next one to decode.
    private func passProblems() throws {
        while next < clips.count, !isWanted[next] || clips[next].problem != nil {
            if isWanted[next], let problem = clips[next].problem {
                try show(PipelineError.video(path: clips[next].clip.video, reason: problem))
            } else {
                next += 1
            }
        }
    }

    private func show(_ error: any Error) throws {
        let message = "\(error)"
        if let progress { progress.note(message) } else { writeToStandardError(message + "\n") }
        try show(clips[next].questions.map { _ in ([], error) })
    }

    /// Shows the answers to all questions about the next clip.
    private func show(_ results: [(candidates: [Predictor.Candidate], error: (any Error)?)]) throws
    {
        let clip = clips[next]
        let missing = table?.missing[next] ?? Array(clip.questions.indices)
        for number in missing {
            let (candidates, error) = results[number]
            if error == nil { numAnswered += 1 } else { numFailed += 1 }
            if isJSON || table == nil {
                try show(
                    clip, clip.questions[number], Array(candidates.prefix(topK)),
                    error.map { "\($0)" })
            }
            numRows += 1
        }
        let rows = zip(clip.questions, results).map { question, result in
            PredictedRow(
                question,
                answers: result.candidates.prefix(topK).map { ($0.label, $0.probability) },
                error: result.error.map(Self.reason))
        }
        try table?.append(rows, about: clip.clip, missing: missing)
        next += 1
        numClipsDone += 1
        progress?.report(
            StageProgress(
                done: numClipsDone, total: clips.count, quarantined: 0,
                reused: numClipsKept,
                detail: numFailed == 0 ? nil : counted(numFailed, "error")))
    }

    /// What is wrong, without the video's name, which has a column of its own.
    private static func reason(_ error: any Error) -> String {
        if case PipelineError.video(_, let reason) = error { reason } else { "\(error)" }
    }

    /// Prints an answer, so that a reader of the pipe has it at once.
    private func show(
        _ clip: AskedClip, _ question: AskedQuestion, _ candidates: [Predictor.Candidate],
        _ error: String?
    ) throws {
        if isJSON {
            let prediction = Prediction(
                video: clip.clip.video, start: clip.clip.start, end: clip.clip.end,
                task: question.task, prompt: question.prompt.isEmpty ? nil : question.prompt,
                classes: candidates, error: error)
            let line = try canonicalJSON(prediction, pretty: false).dropLast()
            print(
                (numRows == 0 ? "[" : ",\n") + String(decoding: line, as: UTF8.self), terminator: ""
            )
        } else if error == nil {
            print(terminalText(title(of: clip, question)))
            for candidate in candidates { print(terminalText(describe(candidate))) }
        }
        try finishStandardOutput()
    }

    /// The clip and, where several could be meant, the question.
    private func title(of clip: AskedClip, _ question: AskedQuestion) -> String {
        let window = clip.clip.windowDescription
        let prompts = clip.questions.map(\.prompt)
        return clip.clip.video + (window.isEmpty ? "" : " \(window)")
            + (predictor.outputs.tasks.count > 1 ? "  \(question.task)" : "")
            + (prompts.allSatisfy { $0 == prompts[0] } ? "" : "  “\(question.prompt)”")
    }

    private func describe(_ candidate: Predictor.Candidate) -> String {
        let percent = (100 * candidate.probability).formatted(decimals: 1)
        let bar = String(repeating: "█", count: Int(candidate.probability * 30))
        let indent = String(repeating: " ", count: max(0, 5 - percent.count))
        return "  \(indent)\(percent) %  \(candidate.label)  \(bar)"
    }
}
