import Foundation
import Recipes
import Testing

@testable import Manifests

struct AnswerSetsTests {
    struct Labels: CustomTestStringConvertible {
        let testDescription: String
        let labels: [String]
        let sorted: [String]
    }

    @Test(arguments: [
        Labels(
            testDescription: "integers", labels: ["10", "9", "-1", "2"],
            sorted: ["-1", "2", "9", "10"]),
        Labels(testDescription: "mixed", labels: ["b", "9", "10"], sorted: ["10", "9", "b"]),
        Labels(
            testDescription: "equal integers", labels: ["2", "1", "01", "+1", "-0", "0"],
            sorted: ["-0", "0", "+1", "01", "1", "2"]),
        Labels(
            testDescription: "scalars", labels: ["é", "z", "Z", "\u{1F600}", "\u{FF5E}"],
            sorted: ["Z", "z", "é", "\u{FF5E}", "\u{1F600}"]),
        Labels(
            testDescription: "both forms of é", labels: ["\u{E9}", "e\u{301}"],
            sorted: ["e\u{301}", "\u{E9}"]),
        Labels(
            testDescription: "blanks", labels: ["run", " run", "run "],
            sorted: [" run", "run", "run "]),
    ])
    func sortsClasses(_ labels: Labels) throws {
        let rows = labels.labels.enumerated().map { csvRecord(["\($0).mp4", $1]) }
        let manifest = try makeManifest((["video,label"] + rows).joined(separator: "\n"))
        let classes = AnswerSets(labelsOf: manifest.rows).sets[0].classes
        #expect(classes.map(ExactText.init) == labels.sorted.map(ExactText.init))
    }

    @Test func numbersClassesThroughAllTasks() throws {
        let manifest = try makeManifest(
            "video,label,task\n1,b,two\n2,x,one\n3,a,two\n4,2,three\n5,10,three\n")
        let answers = AnswerSets(labelsOf: manifest.rows)
        #expect(answers.sets.map(\.task) == ["one", "three", "two"])
        #expect(answers.numbers(of: manifest.rows) == [4, 0, 3, 1, 2])
        let titles = (0..<5).map { answers.title(of: $0) }
        #expect(titles == ["one: x", "three: 2", "three: 10", "two: a", "two: b"])
        #expect(answers.inOrderOfNames == [0, 2, 1, 3, 4])
        #expect(answers.place(of: 4).index == 1 && answers.place(of: 4).set.task == "two")
    }

    @Test func readsClassLists() throws {
        try withFolder(["classes.txt": "\u{FEFF}run\r\n\n walk \r\nstand up\n"]) { folder in
            let classes = try classList(path: folder + "/classes.txt")
            #expect(classes == ["run", "walk", "stand up"])
        }
    }

    @Test(arguments: [("", "names no class"), ("a\nb\na\n", "names `a` twice")])
    func refusesClassLists(_ text: String, _ expected: String) throws {
        try withFolder(["classes.txt": text]) { folder in
            let error = #expect(throws: ManifestError.self) {
                try classList(path: folder + "/classes.txt")
            }
            #expect(error?.description.contains(expected) == true)
        }
    }
}
