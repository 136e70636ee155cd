import Foundation
import TestSupport
import Testing

/// Runs the built programs as a user does.
@Suite(.serialized)
struct CommandTests {
    @Test func aDatasetKeepsItsCompressionLevel() throws {
        let scratch = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: scratch) }
        let rows = "video,label\n\(Fixtures.path("videos/real/park.mp4")),a\n"
        let manifest = scratch.appending(path: "m.csv")
        try Data(rows.utf8).write(to: manifest)
        let out = scratch.appending(path: "out")
        func build(_ option: String...) throws -> BuiltProgram.Outcome {
            try BuiltProgram(
                "vbprep",
                ["build-shards", manifest.path, "--out", out.path, "--image-size=28"] + option,
                directory: nil
            ).outcome()
        }
        func hasLevel3() throws -> Bool {
            let text = try String(contentsOf: out.appending(path: "dataset.json"), encoding: .utf8)
            return text.contains("\"zstd_level\" : 3")
        }
        #expect(try build("--zstd-level=3").status == 0)
        let again = try build()
        #expect(again.status == 0 && again.errors.contains("1 kept"), "\(again.errors)")
        #expect(try hasLevel3())
        #expect(try build("--overwrite").status == 0)
        #expect(try !hasLevel3())
    }

    /// `preset:tiny` has a Q-Former that reads no text.
    @Test func promptsThatNobodyReadsAreRefusedBeforeFeaturesAreExtracted() throws {
        let scratch = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: scratch) }
        let video = Fixtures.path("videos/real/street.avi")
        let rows = [
            "video,label,prompt,split", "\(video),a,What?,train", "\(video),b,Where?,train",
        ]
        try Data(rows.joined(separator: "\n").utf8).write(
            to: scratch.appendingPathComponent("m.csv"))
        let built = try run(
            "vbprep", "build-shards", "m.csv", "--frames=2", "--image-size=28", directory: scratch)
        #expect(built.status == 0, "\(built.errors)")
        let options = [
            "--shards", "cache/m", "--model", "preset:tiny", "--eval-strategy=no", "--epochs=1",
        ]
        let refused = try BuiltProgram("vbtrain", options, directory: scratch).outcome()
        #expect(refused.status == 65)
        for way in ["--qformer preset:small-text", "--ignore-prompts", "--model"] {
            #expect(refused.errors.contains(way), "\(refused.errors)")
        }
        let features = scratch.appendingPathComponent("cache/m-features").path
        #expect(!FileManager.default.fileExists(atPath: features))
        let ignored = try BuiltProgram(
            "vbtrain", options + ["--ignore-prompts"], directory: scratch
        ).outcome()
        #expect(ignored.status == 0, "\(ignored.errors)")
        #expect(ignored.errors.contains("Layout joint"))
        let reading = try BuiltProgram(
            "vbtrain", options + ["--qformer=preset:small-text", "--overwrite", "--out=runs/t"],
            directory: scratch
        ).outcome()
        #expect(reading.status == 0, "\(reading.errors)")
        #expect(reading.errors.contains("Layout frames"))
        let vocabulary = scratch.appendingPathComponent("runs/t/model/vocab.txt").path
        #expect(FileManager.default.fileExists(atPath: vocabulary))
    }

    @Test func wordingsAreTrainedOnAndThoseHeldOutAreReported() throws {
        let scratch = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: scratch) }
        #expect(try buildPixels(in: scratch).status == 0)
        func train(_ yaml: String, _ options: String...) throws -> BuiltProgram.Outcome {
            try Data(yaml.utf8).write(to: scratch.appendingPathComponent("prompts.yaml"))
            let all = [
                "--shards", "cache/m", "--model=preset:tiny", "--epochs=1", "--out=runs/m",
                "--prompts=prompts.yaml", "--num-hidden-layers=1",
            ]
            return try BuiltProgram("vbtrain", all + options, directory: scratch).outcome()
        }
        for (yaml, reason) in [
            ("other: [a]", "no task `other`; the tasks are default"),
            ("default: []", "no wordings"),
            ("default: [[a]]", "in line 1 is no text"), ("- a", "not a mapping of tasks"),
            ("default: {train: [a], near: [A]}", "`A` stands twice"), ("a: [", "it is not YAML"),
        ] {
            let refused = try train(yaml)
            #expect(refused.status == 65 && refused.errors.contains(reason), "\(refused.errors)")
        }
        let blind = try train("default: [a]", "--qformer=preset:small")
        #expect(blind.status == 65 && blind.errors.contains("preset:small-text"))
        let features = scratch.appendingPathComponent("cache/m-features").path
        #expect(!FileManager.default.fileExists(atPath: features))

        let yaml = "default:\n  train: [which place?, where is it?]\n  far: [describe it.]\n"
        let trained = try train(yaml, "--qformer=preset:small-text", "--eval-prompts=all")
        #expect(trained.status == 0, "\(trained.errors)")
        #expect(trained.output.contains("In the wordings “far”"), "\(trained.output)")
        let report = try String(
            contentsOf: scratch.appendingPathComponent("runs/m/report.html"), encoding: .utf8)
        #expect(report.contains("describe it."))
        #expect(
            report.contains("Without the prompt") || report.contains("Leaving the prompt out"))
        let other = try train("default: [a]", "--qformer=preset:small-text", "--resume")
        #expect(other.status == 65 && other.errors.contains("options.wordings"), "\(other.errors)")
        let evaluated = try run(
            "vbtrain", "evaluate", "runs/m", "--json", "--no-probes", "--eval-prompts=first",
            directory: scratch)
        #expect(evaluated.status == 0, "\(evaluated.errors)")
        #expect(evaluated.output.contains("\"name\":\"far\""))
        #expect(!evaluated.output.contains("\"change\":"))
    }

    @Test func anUnknownModelNamesTheWays() throws {
        let scratch = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: scratch) }
        #expect(try buildPixels(in: scratch).status == 0)
        let none = try run("vbprep", "extract-features", directory: scratch)
        #expect(none.status == 65)
        #expect(none.errors.contains("`--model DIR`") && none.errors.contains("hf download"))
        let unknown = try run(
            "vbprep", "extract-features", "--model", "no/such", directory: scratch)
        #expect(unknown.status == 65 && unknown.errors.contains("`no/such` was not found"))
    }

    /// Names of one letter, and the current folder.
    @Test func shortNamesAreNames() throws {
        let scratch = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: scratch) }
        let row = "video,label\n\(Fixtures.path("videos/real/park.mp4")),x\n"
        try Data(row.utf8).write(to: scratch.appendingPathComponent("m"))
        let built = try run(
            "vbprep", "build-shards", "m", "--out", "q", "--frames=1", "--image-size=28",
            directory: scratch)
        #expect(built.status == 0, "\(built.errors)")
        #expect(try run("vbprep", "verify", "q", directory: scratch).status == 0)
        let sheet = try run(
            "vbprep", "inspect", "q", "--contact-sheet", "s", directory: scratch)
        #expect(sheet.status == 0, "\(sheet.errors)")
    }

    /// From manifest to prediction with the smallest model.
    @Test func goesFromManifestToPrediction() throws {
        let scratch = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: scratch) }
        let built = try buildPixels(in: scratch)
        #expect(built.status == 0, "\(built.errors)")
        #expect(built.output.hasPrefix("{") && built.output.contains("\"stored\":8"))
        #expect(built.errors.contains("0 kept, 8 new"))

        let trained = try run(
            "vbtrain", "--shards", "cache/m", "--model", "preset:tiny", "--epochs=2",
            "--gradient-accumulation=1", "--out", "runs/m", directory: scratch)
        #expect(trained.status == 0, "\(trained.errors)")
        #expect(trained.errors.contains(/step \d+\/\d+  epoch 2.00  loss .* questions\/s/))
        for name in [
            "config.json", "log.jsonl", "metrics.json", "report.html", "model/model.safetensors",
            "model/config.json", "model/classes.json", "model/preprocessor_config.json",
        ] {
            let path = scratch.appendingPathComponent("runs/m/\(name)").path
            #expect(FileManager.default.fileExists(atPath: path), "\(name)")
        }
        for page in ["cache/m/dataset.html", "runs/m/report.html"] {
            let text = try String(
                contentsOf: scratch.appendingPathComponent(page), encoding: .utf8)
            #expect(text.contains("data:image/jpeg;base64,"), "\(page) shows no video")
        }
        let evaluated = try run(
            "vbtrain", "evaluate", "runs/m", "--shards", "cache/m-features", directory: scratch)
        #expect(evaluated.status == 0 && evaluated.output.contains("confusion matrix"))
        let predicted = try run(
            "vbtrain", "predict", "runs/m", Fixtures.path("videos/real/park.mp4"), "--json",
            directory: scratch)
        #expect(predicted.status == 0 && predicted.output.contains("\"probability\""))
        // A video that cannot be decoded costs only itself.
        let park = Fixtures.path("videos/real/park.mp4")
        let text = Fixtures.path("videos/derived/text.mp4")
        let mixed = try run(
            "vbtrain", "predict", "runs/m", park, text, "no-such.mp4", park, "--json",
            "--top-k=1", directory: scratch)
        #expect(mixed.status == 0 && mixed.errors.contains("text.mp4"), "\(mixed.errors)")
        let answers = try JSONDecoder().decode([Answer].self, from: Data(mixed.output.utf8))
        #expect(answers.map(\.video) == [park, text, "no-such.mp4", park])
        #expect(answers.map(\.classes.count) == [1, 0, 0, 1])
        #expect(answers.map { $0.error == nil } == [true, false, false, true])
        let failed = try run(
            "vbtrain", "predict", "runs/m", Fixtures.path("videos/derived/text.mp4"),
            directory: scratch)
        #expect(failed.status == 1 && failed.errors.contains("cannot be read"))
    }

    /// An element of what `predict --json` prints.
    private struct Answer: Decodable {
        struct Candidate: Decodable { let label: String }
        let video: String
        let classes: [Candidate]
        let error: String?
    }

    /// Features of one instruction set are not continued in another.
    @Test func instructionSetsAreNotMixed() throws {
        let scratch = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: scratch) }
        #expect(try buildPixels(in: scratch).status == 0)
        func extract(_ out: String, _ options: String...) throws -> BuiltProgram.Outcome {
            let all = ["extract-features", "--model=preset:tiny", "--precision=float32"]
            return try BuiltProgram(
                "vbprep", all + ["--out", out] + options, directory: scratch
            ).outcome()
        }
        func recorded(_ out: String) throws -> String {
            let path = scratch.appendingPathComponent("\(out)/dataset.json")
            let text = try String(contentsOf: path, encoding: .utf8)
            let match = try #require(text.firstMatch(of: /"instruction_set" : "([^"]*)"/))
            return String(match.1)
        }
        #expect(try extract("own").status == 0)
        let pinned = try extract("pinned", "--isa=avx2")
        #expect(pinned.status == 0, "\(pinned.errors)")
        #expect(try recorded("pinned").hasSuffix(" avx2"))
        #expect(try extract("pinned", "--isa=avx2").errors.contains("8 kept, 0 new"))
        #expect(try extract("pinned", "--isa=mmx").status == 64)
        guard try recorded("own") != recorded("pinned") else { return }
        let mixed = try extract("pinned")
        #expect(mixed.status == 65 && mixed.errors.contains("`--isa`"), "\(mixed.errors)")
    }

    /// Ctrl-C saves and exits with 130; `--resume` goes on, and refuses other options.
    @Test func aStoppedTrainingCanBeResumed() throws {
        let scratch = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: scratch) }
        #expect(try buildPixels(in: scratch).status == 0)
        let options = [
            "--shards", "cache/m", "--model", "preset:tiny", "--epochs=100000", "--out", "runs/m",
            "--early-stopping-patience=0", "--save-strategy=no",
        ]
        let log = scratch.appendingPathComponent("runs/m/log.jsonl")
        for signal in [SIGINT, SIGTERM] {
            let before = try? Data(contentsOf: log).count
            let program = try BuiltProgram(
                "vbtrain", options + ["--resume"], directory: scratch)
            let deadline = ContinuousClock.now + .seconds(300)
            while (try? Data(contentsOf: log).count) ?? 0 <= before ?? 0,
                ContinuousClock.now < deadline
            { usleep(5000) }
            program.send(signal)
            let outcome = try program.outcome()
            #expect(outcome.status == 128 + signal, "\(outcome.errors)")
            #expect(outcome.errors.contains("--resume goes on from here"))
            #expect(outcome.errors.contains("Going on from") == (signal == SIGTERM))
        }
        let other = try BuiltProgram(
            "vbtrain", options + ["--resume", "--seed=7"], directory: scratch
        ).outcome()
        #expect(other.status == 65 && other.errors.contains("options.seed was 42"))
        let again = try BuiltProgram("vbtrain", options, directory: scratch).outcome()
        #expect(again.status == 65 && again.errors.contains("`--resume`"))
    }

    /// A damaged sample stops the training with its key and the remedy, or is left out.
    @Test func aCorruptSampleIsNamedOrLeftOut() throws {
        let scratch = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: scratch) }
        #expect(try buildPixels(in: scratch).status == 0)
        let extracted = try run(
            "vbprep", "extract-features", "--model", "preset:tiny", directory: scratch)
        #expect(extracted.status == 0, "\(extracted.errors)")
        let shard = scratch.appendingPathComponent("cache/m-features/shards/train-00000.tar")
        var bytes = try Data(contentsOf: shard)
        let header = String(decoding: bytes[0..<16], as: UTF8.self)
        bytes[512 + 200] ^= 1
        try bytes.write(to: shard)
        let options = [
            "--shards", "cache/m-features", "--model", "preset:tiny", "--epochs=1", "--overwrite",
        ]
        let stopped = try BuiltProgram("vbtrain", options, directory: scratch).outcome()
        #expect(stopped.status == 65)
        #expect(stopped.errors.contains("sample \(header)"))
        #expect(stopped.errors.contains("`vbprep repair cache/m-features`"))
        let skipped = try BuiltProgram(
            "vbtrain", options + ["--skip-corrupt"], directory: scratch
        ).outcome()
        #expect(skipped.status == 0, "\(skipped.errors)")
        #expect(skipped.errors.contains("Left out: 1 damaged clip, \(header)"))
    }
}
