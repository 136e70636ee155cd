import Foundation
import TestSupport
import Testing

@testable import Files

struct FileOwnerTests {
    @Test func readsTheNamesOfTemporaries() {
        let here = DurableFile.machine
        let own = FileOwner(ofTemporary: "a.tar.\(getpid())-3.\(here).partial")
        #expect(own?.process == getpid() && own?.isRunning == true)
        #expect(own?.description == "process \(getpid())")
        let ended = FileOwner(ofTemporary: "a.tar.\(Int32.max)-1.\(here).partial")
        #expect(ended?.isRunning == false)
        let far = FileOwner(ofTemporary: "a.tar.7-1.elsewhere.partial")
        #expect(far?.description == "process 7 of another machine")
    }

    @Test(arguments: ["", "a.tar", ".partial", "x.partial", "a.0-1.m.partial", "a.-5.m.partial"])
    func otherNamesHaveNoOwner(_ name: String) {
        #expect(FileOwner(ofTemporary: name) == nil)
    }

    @Test(arguments: ["", "m", "m x\n", "m 1 2\n", "\u{FFFD} -1"])
    func damagedClaimsHaveNoOwner(_ text: String) throws {
        let folder = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("claim").path
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        #expect(FileOwner(ofClaim: path) == nil)
        try Data("m 12\n".utf8).write(to: URL(fileURLWithPath: path))
        #expect(FileOwner(ofClaim: path)?.process == 12)
    }
}
