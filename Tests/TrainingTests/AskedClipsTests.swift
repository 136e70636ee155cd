import Foundation
import Manifests
import Recipes
import TestSupport
import Testing

@testable import Models
@testable import Training

struct AskedClipsTests {
    private let outputs = ModelOutputs([
        AnswerSet(task: "what", classes: ["a", "b"]),
        AnswerSet(task: "count", classes: ["1", "2"]),
    ])

    private func choice(
        tasks: [String] = [], listed: [ListedQuestion] = [], readsText: Bool = true
    ) throws -> QuestionChoice {
        var shape = LayoutCase.all[0].configuration
        shape.text = readsText ? .init(vocabularySize: 30_522, maxPositions: 8) : nil
        let tokenizer = try WordPieceTokenizer(path: Fixtures.path("bert/vocab.txt"))
        let reading = try ClipReading(
            qformer: shape, tokenizer: tokenizer, defaultPrompt: "usual?")
        return try QuestionChoice(
            outputs: outputs, reading: reading, tasks: tasks, listed: listed)
    }

    private func texts(_ clip: AskedClip) -> [String] {
        clip.questions.map { "\($0.task): \($0.prompt)" }
    }

    /// Videos of a folder at any depth, and the rows of a manifest with the folder before their paths.
    private func makeFolder() throws -> URL {
        let folder = try Fixtures.makeTemporaryDirectory()
        let deep = folder.appendingPathComponent("v/deep")
        try FileManager.default.createDirectory(at: deep, withIntermediateDirectories: true)
        for name in ["v/b.mp4", "v/a.AVI", "v/deep/c.webm", "v/notes.txt", "v/.hidden.mp4"] {
            try Data().write(to: folder.appendingPathComponent(name))
        }
        try Data(
            """
            video,label,start,end,task,prompt,split
            x.mp4,a,0,1,what,first?,train
            y.mp4,a,,,,,
            x.mp4,b,0.0,1.0,count,second?,test
            x.mp4,b,0,1,what,first?,test
            x.mp4,a,2,1,what,,
            z.mp4,a,,,where,,
            https://me:secret@h.org/w.mp4,a,,,what,,
            /abs/x.mp4,a,,,what,,

            """.utf8
        ).write(to: folder.appendingPathComponent("m.csv"))
        return folder
    }

    @Test func findsVideosOfFoldersAtAnyDepth() throws {
        let folder = try makeFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.path
        let asked = try AskedClips(
            ["\(path)/v", "no-such.mp4", "http://me:secret@h.org/x.mp4"], root: nil,
            asking: choice())
        #expect(
            asked.clips.map(\.clip.video) == [
                "\(path)/v/a.AVI", "\(path)/v/b.mp4", "\(path)/v/deep/c.webm", "no-such.mp4",
                "http://h.org/x.mp4",
            ])
        #expect(asked.clips.allSatisfy { texts($0) == ["what: usual?", "count: usual?"] })
        #expect(asked.addresses.hosts == ["h.org"])
        #expect(
            asked.addresses.withCredentials("http://h.org/x.mp4")
                == "http://me:secret@h.org/x.mp4")
        let empty = try AskedClips(["\(path)/v/deep/.."], root: nil, asking: choice())
        #expect(empty.clips.count == 3)
    }

    @Test func rowsAskTheirOwnQuestionsOfTheirWindows() throws {
        let folder = try makeFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let clips = try AskedClips(
            ["\(folder.path)/m.csv"], root: nil, asking: choice()
        ).clips
        #expect(
            clips.map(\.clip.video) == [
                "\(folder.path)/x.mp4", "\(folder.path)/y.mp4", "\(folder.path)/x.mp4",
                "\(folder.path)/z.mp4", "https://h.org/w.mp4", "/abs/x.mp4",
            ])
        #expect(clips[0].clip.start == 0 && clips[0].clip.end == 1)
        #expect(texts(clips[0]) == ["what: first?", "count: second?"])
        #expect(texts(clips[1]) == ["what: usual?", "count: usual?"])
        #expect(try #require(clips[2].problem).contains("line 6, column end"))
        #expect(try #require(clips[3].problem).contains("no task `where`"))
        #expect(clips.map { $0.problem == nil } == [true, true, false, false, true, true])
        #expect(texts(clips[4]) == ["what: usual?"])
    }

    @Test func whatTheUserAsksReplacesTheRowsQuestions() throws {
        let folder = try makeFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let listed = ["p?", "q?", "p?"].map { ListedQuestion(task: nil, prompt: $0) }
        let clips = try AskedClips(
            ["\(folder.path)/m.csv"], root: "/r", asking: choice(tasks: ["count"], listed: listed)
        ).clips
        #expect(clips[0].clip.video == "/r/x.mp4")
        #expect(texts(clips[0]) == ["count: p?", "count: q?"])
        #expect(clips[3].problem == nil)
        let own = try choice(listed: [
            .init(task: "what", prompt: ""), .init(task: nil, prompt: "p?"),
        ])
        #expect(
            own.usual.map { "\($0.task): \($0.prompt)" } == [
                "what: usual?", "what: p?", "count: p?",
            ])
        #expect(try choice(readsText: false).usual.map(\.prompt) == ["", ""])
        #expect(throws: TrainingError.self) { try choice(tasks: ["where"]) }
    }

    @Test func aFolderWithoutVideosIsAProblemOfItsOwn() throws {
        let folder = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: folder) }
        let clips = try AskedClips([folder.path, "a.mp4"], root: nil, asking: choice()).clips
        #expect(clips.map { $0.problem == nil } == [false, true])
    }
}
