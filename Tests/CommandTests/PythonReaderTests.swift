import Foundation
import TestSupport
import Testing

/// `python/vbprep.py` on datasets that our programs made.
struct PythonReaderTests {
    /// The first Python that has what the reader needs; `VBPREP_PYTHON` names another.
    private static let python = [
        ProcessInfo.processInfo.environment["VBPREP_PYTHON"], "python3", "/usr/bin/python3",
    ].compactMap(\.self).first { (try? run($0, ["-c", "import numpy, zstandard"]).status) == 0 }

    private static func run(
        _ program: String, _ arguments: [String]
    ) throws -> (status: Int32, output: String) {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [program] + arguments
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }

    @Test(.enabled(if: python != nil, "There is no python3 with numpy and zstandard."))
    func readsPixelsAndFeaturesAsTheyAreStored() throws {
        let scratch = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: scratch) }
        let videos = Fixtures.path("videos/real")
        let manifest = """
            video,label,split,task,prompt
            \(videos)/park.mp4,"a ""b"", 漢",train,one,"is it, or not?"
            \(videos)/park.mp4,y,train,two,
            \(videos)/realshort.mp4,c,train,one,
            \(videos)/cockatoo.mp4,c,test,one,

            """
        try Data(manifest.utf8).write(to: scratch.appendingPathComponent("m.csv"))
        for arguments in [
            ["build-shards", "m.csv", "--out", "p", "--frames=2", "--image-size=28"],
            ["extract-features", "--shards", "p", "--model", "preset:tiny", "--out", "f"],
        ] {
            let outcome = try BuiltProgram("vbprep", arguments, directory: scratch).outcome()
            #expect(outcome.status == 0, "\(outcome.errors)")
        }
        let script = Fixtures.package.appendingPathComponent("Tests/Interop/check_reader.py").path
        let check = try Self.run(
            try #require(Self.python), [script] + ["p", "f"].map { "\(scratch.path)/\($0)" })
        #expect(check.status == 0, "\(check.output)")
    }
}
