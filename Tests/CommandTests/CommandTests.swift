import Foundation
import TestSupport
import Testing

/// Runs the built programs as a user does.
@Suite(.serialized)
struct CommandTests {
    private func run(
        _ program: String, _ arguments: String..., directory: URL? = nil
    ) throws -> BuiltProgram.Outcome {
        try BuiltProgram(program, arguments, directory: directory).outcome()
    }

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
        "--frames=0", "--split=1,2,3", "--timeout=0", "--task-index=3", "--zstd-level=99",
    ])
    func wrongUsageExitsWith64(_ option: String) throws {
        let outcome = try run("vbprep", "build-shards", "videos.csv", option)
        #expect(outcome.status == 64, "\(outcome.errors)")
        #expect(outcome.errors.contains("Error:"))
    }

    @Test func aMissingManifestExitsWith1() throws {
        let outcome = try run("vbprep", "build-shards", "no-such.csv")
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("no-such.csv: there is no such file"))
    }

    @Test func anOutputThatCannotBeWrittenExitsWith1() throws {
        let outcome = try run(
            "vbprep", "build-shards", "manifests/scenes.csv", "--out", "/proc/none/data")
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("Cannot create /proc/none/data"))
    }

    @Test func anUnknownModelNamesTheWays() throws {
        let scratch = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: scratch) }
        let outcome = try run("vbprep", "extract-features", directory: scratch)
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("vbprep build-shards"))
    }

    /// From manifest to prediction with the smallest model.
    @Test func goesFromManifestToPrediction() throws {
        let scratch = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: scratch) }
        var manifest = "video,label,split\n"
        for (index, split) in ["train", "train", "val", "test"].enumerated() {
            manifest += "real/park.mp4,park,\(split),\(index)\n"
                .replacing(",\(index)\n", with: "\n")
            manifest += "real/realshort.mp4,short,\(split)\n"
        }
        // The same video may appear once per window only.
        var rows = manifest.split(separator: "\n").map(String.init)
        rows = [rows[0] + ",start"] + rows.dropFirst().enumerated().map { "\($1),0.\($0 / 2)" }
        try Data((rows.joined(separator: "\n") + "\n").utf8).write(
            to: scratch.appendingPathComponent("m.csv"))

        let built = try run(
            "vbprep", "build-shards", "m.csv", "--root", Fixtures.path("videos"), "--frames=2",
            "--image-size=28", "--json", "--strict", directory: scratch)
        #expect(built.status == 0, "\(built.errors)")
        #expect(built.output.hasPrefix("{") && built.output.contains("\"stored\":8"))

        let trained = try run(
            "vbtrain", "--shards", "cache/m", "--model", "preset:tiny", "--epochs=2",
            "--gradient-accumulation=1", "--out", "runs/m", directory: scratch)
        #expect(trained.status == 0, "\(trained.errors)")
        for name in [
            "config.json", "log.jsonl", "metrics.json", "report.html", "model/model.safetensors",
            "model/config.json", "model/classes.json", "model/preprocessor_config.json",
        ] {
            let path = scratch.appendingPathComponent("runs/m/\(name)").path
            #expect(FileManager.default.fileExists(atPath: path), "\(name)")
        }
        let evaluated = try run(
            "vbtrain", "evaluate", "runs/m", "--shards", "cache/m-features", directory: scratch)
        #expect(evaluated.status == 0 && evaluated.output.contains("confusion matrix"))
        let predicted = try run(
            "vbtrain", "predict", "runs/m", Fixtures.path("videos/real/park.mp4"), "--json",
            directory: scratch)
        #expect(predicted.status == 0 && predicted.output.contains("\"probability\""))
        let failed = try run(
            "vbtrain", "predict", "runs/m", Fixtures.path("videos/derived/text.mp4"),
            directory: scratch)
        #expect(failed.status == 1 && failed.errors.contains("cannot be read"))
    }
}
