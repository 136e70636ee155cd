import Files
import Foundation
import Recipes
import TestSupport
import Testing

@testable import Training

struct PredictionTableTests {
    private let clips = ["a.mp4", "b, \"c\".mp4", "a.mp4"].map { video in
        AskedClip(
            Clip(video: video, start: 0.5),
            [
                AskedQuestion(task: "t", prompt: "line\none?"),
                AskedQuestion(task: "t", prompt: "two?"),
            ])
    }

    private func open(
        _ path: String, _ clips: [AskedClip]? = nil, run: String = "aa", maxAnswers: Int = 2,
        overwrite: Bool = false
    ) throws -> PredictionTable {
        try PredictionTable(
            path: path, asked: clips ?? self.clips, run: run, maxAnswers: maxAnswers,
            overwrite: overwrite)
    }

    /// Answers everything that is missing.
    private func complete(_ table: PredictionTable, _ clips: [AskedClip]? = nil) throws {
        for (clip, missing) in zip(clips ?? self.clips, table.missing) where !missing.isEmpty {
            let rows = clip.questions.map {
                PredictedRow($0, answers: [("x, y", 0.75), ("z", 0.25)])
            }
            try table.append(rows, about: clip.clip, missing: missing)
        }
        try table.finish()
    }

    private func inFolder(_ body: (String) throws -> Void) throws {
        let folder = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder.appendingPathComponent("deep/p.csv").path)
    }

    @Test func writesARowAQuestion() throws {
        try inFolder { path in
            try complete(open(path))
            let lines = String(decoding: try readFile(path), as: UTF8.self)
            #expect(
                lines.hasPrefix(
                    "video,start,end,task,prompt,answer,probability,answer_2,probability_2,run,error\n"
                        + "a.mp4,0.5,,t,\"line\none?\",\"x, y\",0.75,z,0.25,aa,\n"
                        + "a.mp4,0.5,,t,two?,\"x, y\",0.75,z,0.25,aa,\n\"b, \"\"c\"\".mp4\","))
        }
    }

    /// Wherever the writer was killed, the file becomes what it would have been.
    @Test func goesOnAfterAKillAtAnyByte() throws {
        try inFolder { path in
            try complete(open(path))
            let whole = try readFile(path)
            for length in 0...whole.count {
                try publishFile(Array(whole[..<length]), at: path)
                try complete(open(path))
                #expect(try readFile(path) == whole, "\(length) bytes")
            }
        }
    }

    @Test func keepsWhatIsThereAndAnswersNothingTwice() throws {
        try inFolder { path in
            try complete(open(path))
            let table = try open(path)
            #expect(table.missing == [[], [], []])
            #expect(table.numKept == 6 && table.numKeptAnswers == 6)
        }
    }

    /// More videos may come; rows that were removed are made again, at the end.
    @Test func clipsMayComeAndGo() throws {
        try inFolder { path in
            let first = Array(clips[..<1])
            try complete(open(path, first), first)
            let more = try open(path, Array(clips[1...]))
            #expect(more.missing == [[0, 1], []])
        }
    }

    struct Change: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var run = "aa"
        var maxAnswers = 2
        var questions = ["line\none?", "two?"]
        var message = ""
    }

    @Test(arguments: [
        Change(testDescription: "run", run: "bb", message: "another run"),
        Change(testDescription: "top-k", maxAnswers: 3, message: "--top-k"),
        Change(
            testDescription: "other question", questions: ["line\none?", "three?"],
            message: "“two?”"),
        Change(testDescription: "fewer questions", questions: ["two?"], message: "not asked now"),
        Change(
            testDescription: "more questions", questions: ["line\none?", "two?", "three?"],
            message: "does not answer “three?”"),
    ])
    func refusesAnotherRunAndOtherQuestions(_ change: Change) throws {
        try inFolder { path in
            try complete(open(path))
            let before = try readFile(path)
            let asked = clips.map { clip in
                AskedClip(
                    clip.clip, change.questions.map { AskedQuestion(task: "t", prompt: $0) })
            }
            let error = #expect(throws: TrainingError.self) {
                try open(path, asked, run: change.run, maxAnswers: change.maxAnswers)
            }
            let text = try #require(error).description
            #expect(text.contains(change.message) && text.contains("`--overwrite`"), "\(text)")
            #expect(try readFile(path) == before)
            let anew = try open(
                path, asked, run: change.run, maxAnswers: change.maxAnswers, overwrite: true)
            #expect(anew.numKept == 0)
        }
    }

    @Test(arguments: ["no table", "no table\n", "video,label\na,b\n", "\u{0}\u{1}\n"])
    func refusesAFileThatIsSomethingElse(_ text: String) throws {
        try inFolder { path in
            try makeDirectory(at: parentDirectory(of: path))
            try publishFile(Array(text.utf8), at: path)
            #expect(throws: TrainingError.self) { try open(path) }
            #expect(try readFile(path) == Array(text.utf8))
        }
    }

    @Test func aRowWithAnErrorHasNoAnswer() throws {
        try inFolder { path in
            do {
                let table = try open(path)
                try table.append(
                    clips[0].questions.map { PredictedRow($0, error: "gone") },
                    about: clips[0].clip, missing: table.missing[0])
            }
            let again = try open(path)
            #expect(again.numKept == 2 && again.numKeptAnswers == 0)
            #expect(again.missing == [[], [0, 1], [0, 1]])
        }
    }
}
