import Foundation
import TestSupport
import Testing

@testable import Files

struct DirectoriesTests {
    @Test func makesAllThatIsMissing() throws {
        let url = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: url) }
        try makeDirectory(at: url.path + "/a/b/c")
        try makeDirectory(at: url.path + "/a/b/c")
        #expect(isDirectory(url.path + "/a/b/c"))
        try publishFile([], at: url.path + "/a/file")
        #expect(throws: FileError.self) { try makeDirectory(at: url.path + "/a/file") }
        let error = #expect(throws: FileError.self) {
            try makeDirectory(at: url.path + "/a/file/b")
        }
        #expect(error?.description.contains("Not a directory") == true)
    }

    @Test func listsNamesInOrder() throws {
        let url = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: url) }
        for name in ["b", "a", "ä"] { try publishFile([], at: "\(url.path)/\(name)") }
        #expect(try namesInDirectory(url.path) == ["a", "b", "ä"])
        #expect(try namesInDirectory(url.path + "/none").isEmpty)
        #expect(throws: FileError.self) { try namesInDirectory(url.path + "/a") }
    }
}
