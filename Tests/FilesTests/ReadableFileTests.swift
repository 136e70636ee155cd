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
}
