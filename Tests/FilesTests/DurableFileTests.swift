import Foundation
import TestSupport
import Testing

@testable import Files

struct DurableFileTests {
    @Test func removesTemporariesThatNobodyWrites() throws {
        let url = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: url) }
        let own = try DurableFile(path: url.path + "/own.tar")
        let dead = "x.tar.999999999-1.\(DurableFile.machine).partial"
        let mine = "x.tar.\(getpid())-999999.\(DurableFile.machine).partial"
        let elsewhere = "x.tar.999999999-1.00000000.partial"
        for name in [dead, mine, elsewhere, "x.tar", "y.partial"] {
            try Data().write(to: url.appendingPathComponent(name))
        }
        #expect(abandonedTemporaries(in: url.path) == [mine, dead].sorted())
        removeAbandonedTemporaries(in: url.path)
        let left = try namesInDirectory(url.path)
        let open = (own.temporaryPath as NSString).lastPathComponent
        #expect(Set(left) == [elsewhere, open, "x.tar", "y.partial"])
    }

    @Test func appearsOnlyWhenPublished() throws {
        let url = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: url) }
        do {
            let file = try DurableFile(path: url.path + "/a")
            try file.write([1, 2, 3])
            #expect(!fileExists(url.path + "/a"))
        }
        #expect(try namesInDirectory(url.path).isEmpty)
        try publishFile([1, 2, 3], at: url.path + "/a")
        #expect(try readFile(url.path + "/a") == [1, 2, 3])
    }

    @Test func saysWhatFailedAndWhy() {
        let error = #expect(throws: FileError.self) {
            try publishFile([1], at: "/no-such-folder/file")
        }
        #expect(
            error?.description == "Cannot create /no-such-folder/file: No such file or directory.")
        #expect(error?.isFaultOfMachine == true)
        let full = FileError.system(operation: "write", path: "a", code: ENOSPC, reason: "full")
        #expect(full.isFaultOfMachine && full.description.contains("free space"))
    }
}
