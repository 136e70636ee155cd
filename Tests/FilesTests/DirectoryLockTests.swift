import Foundation
import TestSupport
import Testing

@testable import Files

struct DirectoryLockTests {
    @Test func keepsOthersOutUnlessAllShare() throws {
        let url = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: url) }
        do {
            let shared = try DirectoryLock(directory: url.path, isShared: true)
            let other = try DirectoryLock(directory: url.path, isShared: true)
            #expect(throws: FileError.busy(path: url.path)) {
                try DirectoryLock(directory: url.path, isShared: false)
            }
            withExtendedLifetime((shared, other)) {}
        }
        let lock = try DirectoryLock(directory: url.path, isShared: false)
        #expect(throws: FileError.busy(path: url.path)) {
            try DirectoryLock(directory: url.path, isShared: true)
        }
        withExtendedLifetime(lock) {}
    }
}
