import Foundation
import TestSupport
import Testing

/// `vbtrain sweep` as a user runs it.
@Suite(.serialized)
struct SweepCommandTests {
    private let common = [
        "--shards", "cache/m-features", "--epochs=3", "--gradient-accumulation=1", "--batch-size=2",
        "--early-stopping-patience=0", "--report-to=none", "--save-strategy=steps",
        "--save-steps=2",
    ]

    /// Six windows of two videos as features.
    private func buildFeatures(in scratch: URL) throws {
        var rows = ["video,label,split,start"]
        for (index, split) in ["train", "train", "val"].enumerated() {
            rows.append("real/park.mp4,park,\(split),0.\(index)")
            rows.append("real/realshort.mp4,short,\(split),0.\(index)")
        }
        try Data((rows.joined(separator: "\n") + "\n").utf8).write(
            to: scratch.appendingPathComponent("m.csv"))
        for line in [
            [
                "build-shards", "m.csv", "--root", Fixtures.path("videos"), "--frames=2",
                "--image-size=28",
            ],
            ["extract-features", "--shards", "cache/m", "--model", "preset:tiny"],
        ] {
            let outcome = try BuiltProgram("vbprep", line, directory: scratch).outcome()
            #expect(outcome.status == 0, "\(outcome.errors)")
        }
    }

    private func run(
        _ arguments: [String], in scratch: URL
    ) throws -> BuiltProgram.Outcome {
        try BuiltProgram("vbtrain", arguments, directory: scratch).outcome()
    }

    private func weights(_ run: String, in scratch: URL) throws -> Data {
        try Data(contentsOf: scratch.appendingPathComponent("\(run)/model/model.safetensors"))
    }

    @Test func everyRunOfASweepIsTheRunOfItsOptions() throws {
        let scratch = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: scratch) }
        try buildFeatures(in: scratch)
        let sweep = ["sweep"] + common + ["--learning-rate", "1e-4,1e-3", "--seed=1,2"]
        let swept = try run(sweep + ["--out", "runs/s"], in: scratch)
        #expect(swept.status == 0, "\(swept.errors)")
        #expect(swept.output.contains("best by f1: runs/s/learning-rate-"))
        let table = try String(
            contentsOf: scratch.appendingPathComponent("runs/s/sweep.csv"), encoding: .utf8)
        #expect(table.hasPrefix("run,learning-rate,seed,best_step,score,"))
        #expect(table.split(separator: "\n").count == 5)

        var files: [String: Data] = [:]
        for rate in ["1e-4", "1e-3"] {
            for seed in ["1", "2"] {
                let name = "learning-rate-\(rate)_seed-\(seed)"
                let alone = try run(
                    common + ["--learning-rate", rate, "--seed", seed, "--out", "runs/\(name)"],
                    in: scratch)
                #expect(alone.status == 0, "\(alone.errors)")
                files[name] = try weights("runs/\(name)", in: scratch)
                #expect(try weights("runs/s/\(name)", in: scratch) == files[name], "\(name)")
                for file in ["predictions-validation.csv", "config.json", "metrics.json"] {
                    let found = try ["runs/s/\(name)", "runs/\(name)"].map {
                        try Data(contentsOf: scratch.appendingPathComponent("\($0)/\(file)"))
                    }
                    #expect(found[0] == found[1], "\(file) of \(name)")
                }
            }
        }

        // Killed again and again, the same command ends with the same weights.
        var kills = 0
        let killed = sweep + ["--out", "runs/k"]
        while kills < 6 {
            let program = try BuiltProgram("vbtrain", killed, directory: scratch)
            usleep(UInt32(150_000 + 60_000 * kills))
            program.send(SIGKILL)
            let outcome = try program.outcome()
            #expect([0, SIGKILL].contains(outcome.status), "\(outcome.errors)")
            kills += 1
        }
        let last = try run(killed, in: scratch)
        #expect(last.status == 0, "\(last.errors)")
        for (name, expected) in files {
            #expect(try weights("runs/k/\(name)", in: scratch) == expected, "\(name)")
        }
        let done = try run(killed, in: scratch)
        #expect(done.status == 0 && done.errors.contains("4 of 4 runs are finished"))
        #expect(done.output == last.output)
        let other = try run(killed + ["--weight-decay=0.5"], in: scratch)
        #expect(other.status == 65 && other.errors.contains("options.weight_decay was"))
    }

    @Test(arguments: [
        [], ["--seed=1"], ["--seed=1,1"], ["--seed=1,"], ["--seed=1,x"],
        ["--seed=1,2", "--resume"],
        ["--seed=1,2", "--no-such-option"],
    ])
    func wrongUsageOfSweepExitsWith64(_ arguments: [String]) throws {
        let outcome = try BuiltProgram(
            "vbtrain", ["sweep", "--shards", "no-such"] + arguments
        ).outcome()
        #expect(outcome.status == 64, "\(outcome.errors)")
        #expect(outcome.errors.contains("Usage: vbtrain sweep"), "\(outcome.errors)")
        #expect(!outcome.errors.contains("Usage: train"), "\(outcome.errors)")
    }

    @Test func helpOfSweepNamesWhatMayHaveSeveralValues() throws {
        let outcome = try BuiltProgram("vbtrain", ["sweep", "--help"]).outcome()
        #expect(outcome.status == 0 && outcome.output.contains("--learning-rate"))
    }
}
