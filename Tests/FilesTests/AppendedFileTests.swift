import Foundation
import TestSupport
import Testing

@testable import Files

struct AppendedFileTests {
    @Test func growsAndIsCut() throws {
        let folder = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("a").path
        do {
            let file = try AppendedFile(path: path)
            try file.append([1, 2, 3])
            try file.cut(to: 2)
            try file.append([4])
            #expect(try file.readAll() == [1, 2, 4])
        }
        let again = try AppendedFile(path: path)
        try again.append([5])
        #expect(try readFile(path) == [1, 2, 4, 5])
    }

    @Test func oneAtATimeHoldsIt() throws {
        let folder = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("a").path
        let file = try AppendedFile(path: path)
        #expect(throws: FileError.busy(path: path)) { try AppendedFile(path: path) }
        try file.append([1])
    }

    @Test(arguments: ["/dev/full", "/dev/null", "/tmp"])
    func refusesWhatIsNoFile(_ path: String) {
        #expect(throws: FileError.self) { try AppendedFile(path: path) }
    }
}
