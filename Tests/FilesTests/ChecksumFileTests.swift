import Files
import Foundation
import TestSupport
import Testing

struct ChecksumFileTests {
    private func withFolder(_ body: (String, ChecksumFile) throws -> Void) throws {
        let folder = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: folder) }
        try publishFile([1, 2, 3], at: "\(folder.path)/a")
        let sums = ChecksumFile(of: folder.path)
        try sums.publish(["a": sha256Hex([1, 2, 3])])
        try body(folder.path, sums)
    }

    @Test func findsWhatHasChanged() throws {
        try withFolder { folder, sums in
            try sums.verify("a")
            try publishFile([1, 2, 7], at: "\(folder)/a")
            let error = #expect(throws: FileError.self) { try sums.verify("a") }
            #expect(error?.description.contains("\(folder)/a is not as it was written") == true)
            try publishFile([], at: "\(folder)/b")
            #expect(throws: FileError.self) { try sums.verify("b") }
        }
    }

    @Test func seesEveryChangedBitOfItsOwn() throws {
        try withFolder { folder, sums in
            let intact = try readFile("\(folder)/\(ChecksumFile.name)")
            // The last byte is the line end.
            for place in 0..<8 * (intact.count - 1) {
                var changed = intact
                changed[place / 8] ^= 1 << (place % 8)
                try publishFile(changed, at: "\(folder)/\(ChecksumFile.name)")
                #expect(throws: FileError.self, "bit \(place)") { try sums.verify("a") }
            }
        }
    }

    /// A kill may fall between any two steps.
    @Test(arguments: [false, true])
    func oldAndNewAreGoodWhileOneReplacesTheOther(_ isReplaced: Bool) throws {
        try withFolder { folder, sums in
            let interruption = FileError.busy(path: "")
            #expect(throws: interruption) {
                try sums.publish(["a": sha256Hex([9])]) { () throws(FileError) in
                    if isReplaced { try publishFile([9], at: "\(folder)/a") }
                    throw interruption
                }
            }
            try sums.verify("a")
            try sums.publish(["a": sha256Hex([9])]) { () throws(FileError) in
                try publishFile([9], at: "\(folder)/a")
            }
            try sums.verify("a")
            try publishFile([1, 2, 3], at: "\(folder)/a")
            #expect(throws: FileError.self) { try sums.verify("a") }
        }
    }

    @Test func isReadBySha256sum() throws {
        try withFolder { folder, _ in
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/sha256sum")
            process.arguments = ["--check", "--strict", "--quiet", ChecksumFile.name]
            process.currentDirectoryURL = URL(fileURLWithPath: folder)
            try process.run()
            process.waitUntilExit()
            #expect(process.terminationStatus == 0)
        }
    }
}
