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

    @Test func waitsForAnotherHolderIfAsked() async throws {
        let url = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: url) }
        var lock: DirectoryLock? = try DirectoryLock(directory: url.path, isShared: false)
        let waiting = Task.detached {
            try DirectoryLock(directory: url.path, isShared: false, waits: true)
        }
        // One that does not wait has failed by then.
        try await Task.sleep(for: .milliseconds(200))
        withExtendedLifetime(lock) {}
        lock = nil
        #expect(try await waiting.value.isOn(url.path))
    }

    /// As one that is being started is, until it runs its program.
    @Test func isFreeAlthoughAnotherProcessHasACopyOfItsDescriptor() throws {
        let url = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: url) }
        var lock: DirectoryLock? = try DirectoryLock(directory: url.path, isShared: false)
        let opened = open(url.path, O_RDONLY)
        defer { close(opened) }
        let path = try FileManager.default.destinationOfSymbolicLink(
            atPath: "/proc/self/fd/\(opened)")
        let copies = (3..<1024).filter { descriptor in
            (try? FileManager.default.destinationOfSymbolicLink(
                atPath: "/proc/self/fd/\(descriptor)")) == path
        }.map { dup(Int32($0)) }
        defer { copies.forEach { close($0) } }
        withExtendedLifetime(lock) {}
        lock = nil
        #expect(copies.count >= 2)
        #expect(throws: Never.self) { try DirectoryLock(directory: url.path, isShared: false) }
    }

    @Test func isOnTheDirectoryThatWasLockedAndNotOnItsSuccessor() throws {
        let url = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: url) }
        let (path, moved) = ("\(url.path)/locked", "\(url.path)/moved")
        try makeDirectory(at: path)
        let lock = try DirectoryLock(directory: path, isShared: false)
        #expect(lock.isOn(path))
        try FileManager.default.moveItem(atPath: path, toPath: moved)
        #expect(!lock.isOn(path) && lock.isOn(moved))
        try makeDirectory(at: path)
        #expect(!lock.isOn(path))
    }
}
