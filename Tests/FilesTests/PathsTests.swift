import Testing

@testable import Files

struct PathsTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let path: String
        let parent: String
        let last: String
        var testDescription: String { path }
    }

    /// One letter and a slash at the end once ended the program.
    @Test(arguments: [
        Case(path: "a", parent: ".", last: "a"), Case(path: "a/", parent: ".", last: "a"),
        Case(path: "a/b", parent: "a", last: "b"), Case(path: "a/b//", parent: "a", last: "b"),
        Case(path: "/a", parent: "/", last: "a"), Case(path: "/", parent: "/", last: "/"),
        Case(path: "", parent: ".", last: ""), Case(path: "ä/ö.csv", parent: "ä", last: "ö.csv"),
    ])
    func takesPathsApart(_ example: Case) {
        #expect(parentDirectory(of: example.path) == example.parent)
        #expect(lastComponent(of: example.path) == example.last)
    }

    @Test func removesOnlyTheLastExtension() {
        #expect(withoutExtension("a.tar.gz") == "a.tar")
        #expect(withoutExtension(".hidden") == ".hidden" && withoutExtension("a") == "a")
    }

    @Test func findsTheLastComponentBesideCombiningMarks() {
        #expect(Array(lastComponent(of: "a/\u{301}b.csv").utf8) == Array("\u{301}b.csv".utf8))
    }

    @Test(arguments: [
        ("a/b.mp4", "a/b.mp4"), ("./a", "a"), ("a//b/", "a/b"), ("a/./b/../c", "a/c"),
        ("../a", "../a"), ("../../a/..", "../.."), ("/../a", "/a"), ("/", "/"),
        ("a/.hidden", "a/.hidden"),
        ("..a/b", "..a/b"),
    ])
    func writesAPathInOneWay(_ path: String, _ expected: String) {
        #expect(normalizedPath(path) == expected)
    }
}
