import Files
import Foundation
import TestSupport
import Testing

struct ClaimTests {
    /// Where a claim lies, in a folder of its own.
    private final class Place {
        let folder: URL
        var path: String { folder.appendingPathComponent("shard").path }

        init() throws { folder = try Fixtures.makeTemporaryDirectory() }
        deinit { try? FileManager.default.removeItem(at: folder) }

        /// Leaves the claim of another process, last renewed `age` seconds ago.
        func leave(_ holder: String, age: Double) throws {
            try Data("\(holder)\n".utf8).write(to: URL(fileURLWithPath: path))
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSinceNow: -age)], ofItemAtPath: path)
        }
    }

    @Test func isHeldByOneAndGivenUp() throws {
        let place = try Place()
        let claim = try Claim(path: place.path)
        #expect(claim != nil)
        #expect(try Claim(path: place.path) == nil)
        withExtendedLifetime(claim) {}
    }

    @Test func isOpenAgainOnceItIsGivenUp() throws {
        let place = try Place()
        do {
            let claim = try Claim(path: place.path)
            withExtendedLifetime(claim) {}
        }
        #expect(try namesInDirectory(place.folder.path).isEmpty)
        #expect(try Claim(path: place.path) != nil)
    }

    @Test func isTakenOverFromAHolderThatIsSilent() throws {
        let place = try Place()
        try place.leave("elsewhere 1", age: 61)
        #expect(try Claim(path: place.path, takesOver: false) == nil)
        let claim = try Claim(path: place.path)
        #expect(claim != nil)
        withExtendedLifetime(claim) {}
    }

    @Test func isNotTakenOverFromAHolderElsewhereThatLives() throws {
        let place = try Place()
        try place.leave("elsewhere 1", age: 10)
        #expect(try Claim(path: place.path) == nil)
    }

    @Test func isTakenOverAtOnceFromAProcessOfThisMachineThatIsGone() throws {
        let place = try Place()
        let claim = try Claim(path: place.path)
        let holder = String(decoding: try readFile(place.path), as: UTF8.self)
        withExtendedLifetime(claim) {}
        let machine = try #require(holder.split(separator: " ").first)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/true")
        try process.run()
        process.waitUntilExit()
        try place.leave("\(machine) \(process.processIdentifier)", age: 0)
        #expect(try Claim(path: place.path) != nil)
    }

    @Test func isRenewedWhileItIsHeld() throws {
        let place = try Place()
        let claim = try Claim(path: place.path, lifetimeSeconds: 0.3)
        let first = try #require(Claim.renewalTime(at: place.path))
        let deadline = ContinuousClock.now + .seconds(60)
        while Claim.renewalTime(at: place.path) == first, ContinuousClock.now < deadline {
            usleep(10_000)
        }
        #expect(try #require(Claim.renewalTime(at: place.path)) > first)
        withExtendedLifetime(claim) {}
    }

    /// Who was suspended for long must not give up what another has taken over.
    @Test func leavesTheClaimOfItsSuccessor() throws {
        let place = try Place()
        do {
            let claim = try Claim(path: place.path)
            try FileManager.default.removeItem(atPath: place.path)
            try place.leave("elsewhere 1", age: 0)
            withExtendedLifetime(claim) {}
        }
        #expect(fileExists(place.path))
    }
}
