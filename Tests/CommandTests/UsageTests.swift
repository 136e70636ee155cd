import Foundation
import TestSupport
import Testing

/// Help, wrong usage and the exit codes of both.
@Suite(.serialized)
struct UsageTests {
    @Test(arguments: [
        ["vbprep", "--help"], ["vbprep", "build-shards", "--help"],
        ["vbprep", "extract-features", "--help"], ["vbprep", "verify", "--help"],
        ["vbprep", "repair", "--help"], ["vbprep", "doctor", "--help"],
        ["vbprep", "inspect", "--help"], ["vbprep", "finalize", "--help"], ["vbtrain", "--help"],
        ["vbtrain", "train", "--help"], ["vbtrain", "evaluate", "--help"],
        ["vbtrain", "predict", "--help"],
    ])
    func helpSaysWhatTheCommandDoes(_ line: [String]) throws {
        let process = try run(line[0], line[1], line.count > 2 ? line[2] : "--help")
        #expect(process.status == 0)
        #expect(process.output.contains("OVERVIEW:") && process.output.contains("USAGE:"))
    }

    @Test(arguments: [
        "--frames=0", "--split=1,2,3", "--timeout=0", "--task-index=3", "--zstd-level=99", "--out=",
        "--root=", "--task-count=2", "--resize=pad", "--resize=crop:100",
    ])
    func wrongUsageExitsWith64(_ option: String) throws {
        let outcome = try run("vbprep", "build-shards", "videos.csv", option)
        #expect(outcome.status == 64, "\(outcome.errors)")
        #expect(outcome.errors.contains("Error:"))
    }

    @Test(arguments: ["--timeout=1e300", "--timeout=nan", "--timeout=inf", "--split=nan,0.5,0.5"])
    func numbersThatCannotBeExitWith64(_ option: String) throws {
        let isTimeout = option.hasPrefix("--timeout")
        for command in ["build-shards"] + (isTimeout ? ["doctor"] : []) {
            let outcome = try run("vbprep", command, "videos.csv", option)
            #expect(outcome.status == 64, "\(outcome.errors)")
        }
    }

    @Test(
        arguments: [
            "learning-rate", "weight-decay", "warmup-ratio", "max-grad-norm", "dropout",
            "label-smoothing", "early-stopping-threshold",
        ].flatMap { name in ["nan", "inf", "-1", "1e999"].map { "--\(name)=\($0)" } })
    func trainingNumbersThatCannotBeExitWith64(_ option: String) throws {
        let outcome = try run("vbtrain", "--shards", "no-such", option)
        #expect(outcome.status == 64, "\(outcome.errors)")
        let name = option.prefix { $0 != "=" }
        #expect(outcome.errors.contains("\(name)"), "\(outcome.errors)")
    }

    @Test(arguments: [
        ["vbprep", "build-shards", "videos.csv", "--frames", "-3"],
        ["vbprep", "doctor", "videos.csv", "--timeout", "-.5"],
        ["vbtrain", "--shards", "no-such", "--learning-rate", "-1e-4"],
        ["vbtrain", "sweep", "--shards", "no-such", "--seed", "1,2", "--dropout", "-1"],
    ])
    func negativeNumbersAreValuesAndNotOptions(_ line: [String]) throws {
        let outcome = try BuiltProgram(line[0], Array(line.dropFirst()), directory: nil).outcome()
        #expect(outcome.status == 64, "\(outcome.errors)")
        let isToldWhatToWrite = outcome.errors.contains("\(line[line.count - 2]) must be")
        #expect(isToldWhatToWrite, "\(outcome.errors)")
    }

    @Test(arguments: ["--out", "--model", "--prompts", "--text-init"])
    func emptyPathsOfATrainingExitWith64(_ option: String) throws {
        let outcome = try run("vbtrain", "--shards", "no-such", option, "")
        #expect(outcome.status == 64, "\(outcome.errors)")
        #expect(outcome.errors.contains("\(option) is empty"), "\(outcome.errors)")
    }

    @Test(arguments: [
        ["vbprep", "buld-shards", "build-shards"], ["vbprep", "verfiy", "verify"],
        ["vbtrain", "evalute", "evaluate"], ["vbtrain", "predcit", "predict"],
    ])
    func aMisspelledCommandNamesTheNearest(_ line: [String]) throws {
        let outcome = try run(line[0], line[1], "x")
        #expect(outcome.status == 64)
        let expected = "Error: Unknown command '\(line[1])'. Did you mean '\(line[2])'?"
        #expect(outcome.errors.contains(expected), "\(outcome.errors)")
    }

    @Test func anUnknownCommandNamesThoseThatThereAre() throws {
        let outcome = try run("vbprep", "frobnicate")
        #expect(outcome.status == 64 && outcome.errors.contains("build-shards, "))
        #expect(!outcome.errors.contains("decode-worker"))
    }

    @Test func aMisspelledOptionInAFileNamesTheNearest() throws {
        let scratch = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: scratch) }
        let path = scratch.appendingPathComponent("options.yaml")
        try Data("learning_rte: 1e-3\n".utf8).write(to: path)
        let outcome = try run("vbtrain", "--config", path.path)
        #expect(outcome.status == 64)
        #expect(outcome.errors.contains("did you mean `learning-rate`?"), "\(outcome.errors)")
    }

    @Test func aMissingManifestExitsWith65() throws {
        let outcome = try run("vbprep", "build-shards", "no-such.csv")
        #expect(outcome.status == 65)
        #expect(outcome.errors.contains("no-such.csv"))
    }

    @Test func anOutputThatCannotBeExitsWith75() throws {
        let outcome = try run(
            "vbprep", "build-shards", "manifests/scenes.csv", "--out", "/proc/none/data")
        #expect(outcome.status == 75)
        #expect(outcome.errors.contains("Cannot create /proc/none/data"))
    }

    /// A result that cannot be written is no success, and text never lands in a file of ours.
    @Test(arguments: [(">/dev/full", Int32(75)), (">&-", 75), ("2>&-", 0), ("2>/dev/full", 0)])
    func streamsThatCannotBeWritten(_ redirection: String, _ status: Int32) throws {
        let scratch = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: scratch) }
        #expect(try buildPixels(in: scratch).status == 0)
        let program = BuiltProgram.path("vbprep")
        let shell = Process()
        shell.executableURL = URL(fileURLWithPath: "/bin/bash")
        shell.arguments = ["-c", "'\(program)' verify cache/m --json \(redirection)"]
        shell.currentDirectoryURL = scratch
        shell.standardOutput = FileHandle.nullDevice
        shell.standardError = FileHandle.nullDevice
        try shell.run()
        shell.waitUntilExit()
        #expect(shell.terminationStatus == status)
        #expect(try run("vbprep", "verify", "cache/m", directory: scratch).status == 0)
    }

    @Test func nothingStoredExitsWith1() throws {
        let scratch = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: scratch) }
        try Data("video,label\nno-such.mp4,x\n".utf8).write(
            to: scratch.appendingPathComponent("m.csv"))
        let outcome = try run("vbprep", "build-shards", "m.csv", directory: scratch)
        #expect(outcome.status == 1 && outcome.errors.contains("quarantined: 1 × missing"))
    }
}
