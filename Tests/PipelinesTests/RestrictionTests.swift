import CWorker
import Foundation
import Synchronization
import TestSupport
import Testing

/// What a worker gives up before its first clip, tried in a thread: that is whom the kernel restricts.
struct RestrictionTests {
    /// What came of calls that a decoder has no use for: the value of `errno`, 0 if they succeeded.
    private struct Attempts: Sendable {
        /// Bits of what the kernel has put into force.
        var inForce: Int32 = 0
        var readsOpenFile = false
        var readsFileOfTheSystem: Int32 = 0
        var readsFileOfTheUser: Int32 = 0
        var writesFileOfTheSystem: Int32 = 0
        var opensSocket: Int32 = 0
        var startsProgram: Int32 = 0
        var becomesProgram: Int32 = 0
        var signalsProcess: Int32 = 0
    }

    private final class Outcome: Sendable {
        let attempts = Mutex<Attempts?>(nil)
    }

    private func attempt(allowsNetwork: Bool) throws -> Attempts {
        let folder = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("private").path
        try Data("secret".utf8).write(to: URL(fileURLWithPath: path))
        let opened = open(path, O_RDONLY)
        defer { close(opened) }
        let outcome = Outcome()
        // Nothing here may start a thread: it would inherit the restrictions and serve other tests.
        Thread {
            var attempts = Attempts()
            attempts.inForce = vb_restrict_process(allowsNetwork ? 1 : 0)
            var byte: UInt8 = 0
            attempts.readsOpenFile = pread(opened, &byte, 1, 0) == 1
            func code(_ descriptor: Int32) -> Int32 {
                guard descriptor >= 0 else { return errno }
                close(descriptor)
                return 0
            }
            attempts.readsFileOfTheSystem = code(open("/etc/passwd", O_RDONLY))
            attempts.readsFileOfTheUser = code(open(path, O_RDONLY))
            attempts.writesFileOfTheSystem = code(open("/etc/passwd", O_WRONLY | O_APPEND))
            attempts.opensSocket = code(socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0))
            var child: pid_t = 0
            attempts.startsProgram = posix_spawn(&child, "/bin/true", nil, nil, [nil], [nil])
            if attempts.startsProgram == 0 { waitpid(child, nil, 0) }
            // There is no such program, should the call be let through.
            attempts.becomesProgram = execve("/no-such-program", [nil], [nil]) == 0 ? 0 : errno
            attempts.signalsProcess = kill(getpid(), 0) == 0 ? 0 : errno
            outcome.attempts.withLock { [attempts] in $0 = attempts }
        }.start()
        while true {
            if let attempts = outcome.attempts.withLock({ $0 }) { return attempts }
            usleep(1000)
        }
    }

    /// Whether the kernel was built with Landlock.
    private var kernelHasLandlock: Bool {
        let symbols = try? String(contentsOfFile: "/proc/kallsyms", encoding: .utf8)
        return symbols?.contains("landlock_restrict_self") ?? false
    }

    @Test func aWorkerOnlyDecodesWhatItIsGiven() throws {
        let found = try attempt(allowsNetwork: false)
        #expect(found.inForce & Int32(VB_NO_NEW_PRIVILEGES) != 0)
        #expect(found.inForce & Int32(VB_SYSTEM_CALLS) != 0)
        #expect(found.readsOpenFile)
        #expect(found.readsFileOfTheSystem == ENOSYS)
        #expect(found.readsFileOfTheUser == ENOSYS)
        #expect(found.opensSocket == ENOSYS)
        #expect(found.startsProgram == EPERM)
        #expect(found.becomesProgram == ENOSYS)
        #expect(found.signalsProcess == ENOSYS)
    }

    @Test func aWorkerWithNetworkStartsNothing() throws {
        let found = try attempt(allowsNetwork: true)
        #expect(found.readsOpenFile && found.opensSocket == 0)
        #expect(found.startsProgram == EPERM)
        #expect(found.becomesProgram == ENOSYS)
        #expect(found.signalsProcess == ENOSYS)
    }

    @Test func aWorkerWithNetworkReadsOnlyWhatConnectionsNeed() throws {
        guard kernelHasLandlock else { return }
        let found = try attempt(allowsNetwork: true)
        #expect(found.inForce & Int32(VB_FILE_ACCESS) != 0)
        #expect(found.readsFileOfTheSystem == 0)
        #expect(found.readsFileOfTheUser == EACCES)
        #expect(found.writesFileOfTheSystem == EACCES)
    }
}
