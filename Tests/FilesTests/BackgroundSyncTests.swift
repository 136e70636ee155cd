import Foundation
import TestSupport
import Testing

@testable import Files

struct BackgroundSyncTests {
    @Test func reportsALostWriteWhenTheFileIsFinished() throws {
        let pipe = Pipe()
        let descriptor = pipe.fileHandleForWriting.fileDescriptor
        let sync = BackgroundSync(descriptor: descriptor, path: "clips.tar")
        try sync.finish()

        // The system refuses to sync a pipe.
        sync.start()
        #expect(
            throws: FileError.system(
                operation: "sync", path: "clips.tar", code: EINVAL,
                reason: FileError.text(of: EINVAL))
        ) { try sync.finish() }
    }

    @Test func publishesEveryByteOfAFileThatIsSyncedWhileItIsWritten() throws {
        let directory = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: directory) }
        let path = "\(directory.path)/shard.tar"
        let file = try DurableFile(path: path)
        let block = (0..<3 << 20).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        for _ in 0..<12 { try file.write(block) }
        let hash = file.sha256
        try file.publish()
        #expect(sha256Hex(try readFile(path)) == hash)
    }
}
