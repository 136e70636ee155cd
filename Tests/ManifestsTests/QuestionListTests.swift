import Foundation
import TestSupport
import Testing

@testable import Manifests

struct QuestionListTests {
    private func read(_ text: String, as name: String) throws -> [ListedQuestion] {
        let folder = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appendingPathComponent(name)
        try Data(text.utf8).write(to: file)
        return try readQuestions(path: file.path)
    }

    @Test func aTextFileHasAPromptALine() throws {
        let questions = try read("\u{FEFF}What is it?\r\n\n  Where, exactly? \t\n", as: "q.txt")
        #expect(
            questions == [
                .init(task: nil, prompt: "What is it?"),
                .init(task: nil, prompt: "Where, exactly?"),
            ])
    }

    @Test func aTableHasTasksAndPromptsInAnyOrder() throws {
        let questions = try read(
            "Prompt,id,task\n\"Where, exactly?\",1,place\nWhat?,2,\n,3,place\n", as: "q.CSV")
        #expect(
            questions == [
                .init(task: "place", prompt: "Where, exactly?"), .init(task: nil, prompt: "What?"),
                .init(task: "place", prompt: ""),
            ])
        #expect(try read("task\nplace\n", as: "q.tsv") == [.init(task: "place", prompt: "")])
    }

    @Test(arguments: [
        ("q.csv", "video\na\n", "no column `prompt`"), ("q.txt", "\n \n", "no questions"),
        ("q.csv", "prompt\n", "no questions"), ("q.csv", "prompt\nWhere, exactly?\n", "quote"),
        ("q.csv", "task,prompt,id\n,,1\n", "no task and no prompt"),
    ])
    func refusesWhatAsksNothing(_ name: String, _ text: String, _ message: String) throws {
        let error = #expect(throws: ManifestError.self) { try read(text, as: name) }
        #expect(try #require(error).description.contains(message))
    }

    /// To ask a model neither labels nor agreement are needed.
    @Test func aManifestForPredictionNeedsNoLabels() throws {
        let folder = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("m.csv").path
        try Data("video,prompt,split\na.mp4,x?,train\na.mp4,x?,nowhere\n,y?,\n".utf8)
            .write(to: URL(fileURLWithPath: path))
        let manifest = try Manifest(path: path, for: .prediction)
        #expect(manifest.rows.map(\.line) == [2, 3])
        #expect(manifest.rows.map(\.label) == ["", ""])
        #expect(manifest.rejectedRows.map(\.reason) == ["missing-video"])
        #expect(throws: ManifestError.self) { try Manifest(path: path) }
    }
}
