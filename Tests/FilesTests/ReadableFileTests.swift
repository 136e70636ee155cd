import Foundation
import TestSupport
import Testing

@testable import Files

struct ReadableFileTests {
    /// A file of three bytes, and what is done to it while it is open.
    private func isNoticed(_ change: (String) throws -> Void) throws -> Bool {
        let folder = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("video").path
        try Data("abc".utf8).write(to: URL(fileURLWithPath: path))
        let file = try ReadableFile(path: path)
        #expect(!file.hasChanged)
        // Times of files have the clock ticks of the kernel.
        usleep(20_000)
        try change(path)
        return file.hasChanged
    }

    @Test func noticesThatItsFileIsWrittenTo() throws {
        #expect(try isNoticed { try appendToFile(Array("d".utf8), at: $0) })
    }

    @Test func noticesThatItsFileIsReplaced() throws {
        #expect(try isNoticed { try publishFile(Array("xyz".utf8), at: $0) })
    }

    @Test func noticesOtherBytesOfTheSameSizeAndTime() throws {
        #expect(
            try isNoticed { path in
                let time = try FileManager.default.attributesOfItem(atPath: path)[.modificationDate]
                let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
                try file.write(contentsOf: Data("xyz".utf8))
                try file.close()
                try FileManager.default.setAttributes(
                    [.modificationDate: time as Any], ofItemAtPath: path)
            })
    }

    @Test func stopsReadingWhenTold() throws {
        let folder = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("video").path
        try truncateFile(at: path, to: 0)
        truncate(path, 1 << 40)
        var blocks = 0
        let hash = try ReadableFile(path: path).sha256 {
            blocks += 1
            return blocks < 3
        }
        #expect(hash == nil && blocks == 3)
    }

    @Test func refusesWhatIsNoRegularFile() throws {
        let folder = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: folder) }
        let pipe = "\(folder.path)/pipe"
        #expect(mkfifo(pipe, 0o600) == 0)
        for path in [pipe, folder.path, "/dev/zero"] {
            let error = #expect(throws: FileError.self) { try readFile(path) }
            #expect(error?.description.contains("not a regular file") == true, "\(path)")
        }
        #expect(throws: FileError.self) { try appendToFile([1], at: pipe) }
        // A rename would take the pipe away.
        #expect(throws: FileError.self) { try publishFile([1], at: pipe) }
        #expect(throws: FileError.self) { try truncateFile(at: pipe, to: 0) }
    }

    @Test func aFileThatBecomesShorterIsAnError() throws {
        let folder = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = "\(folder.path)/a"
        try publishFile([UInt8](repeating: 7, count: 100_000), at: path)
        let file = try ReadableFile(path: path)
        try truncateFile(at: path, to: 10)
        let error = #expect(throws: FileError.self) { try file.readAll() }
        #expect(error?.description.contains("became shorter") == true)
    }

    @Test func refusesMoreThanIsWanted() throws {
        let folder = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: folder) }
        try publishFile([1, 2, 3], at: "\(folder.path)/a")
        #expect(try readFile("\(folder.path)/a", maximumSize: 3) == [1, 2, 3])
        #expect(throws: FileError.self) { try readFile("\(folder.path)/a", maximumSize: 2) }
    }
}
