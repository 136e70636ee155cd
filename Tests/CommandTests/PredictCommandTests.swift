import Foundation
import Models
import TestSupport
import Testing

/// `vbtrain predict` as a user gives it, with the smallest run whose Q-Former reads text.
@Suite(.serialized)
struct PredictCommandTests {
    /// A folder with a run of two tasks in `runs/m`.
    private final class Scratch {
        let folder: URL

        init() throws {
            folder = try Fixtures.makeTemporaryDirectory()
            var rows = ["video,label,split,start,task,prompt"]
            for (index, split) in ["train", "train", "val", "test"].enumerated() {
                for (name, count) in [("park", "1"), ("realshort", "2")] {
                    rows.append("real/\(name).mp4,\(name),\(split),0.\(index),what,what is it?")
                    rows.append("real/\(name).mp4,\(count),\(split),0.\(index),count,how many?")
                }
            }
            try write(rows.joined(separator: "\n") + "\n", to: "m.csv")
            for line in [
                [
                    "vbprep", "build-shards", "m.csv", "--root", Fixtures.path("videos"),
                    "--frames=2", "--image-size=28",
                ],
                [
                    "vbtrain", "--shards", "cache/m", "--model", "preset:tiny", "--qformer",
                    "preset:small-text", "--max-steps=2", "--out", "runs/m",
                ],
            ] {
                let outcome = try BuiltProgram(line[0], Array(line[1...]), directory: folder)
                    .outcome()
                try #require(outcome.status == 0, "\(outcome.errors)")
            }
        }

        deinit { try? FileManager.default.removeItem(at: folder) }

        func write(_ text: String, to name: String) throws {
            try Data(text.utf8).write(to: folder.appendingPathComponent(name))
        }

        func read(_ name: String) throws -> String {
            try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
        }

        func predict(_ arguments: String...) throws -> BuiltProgram.Outcome {
            try BuiltProgram("vbtrain", ["predict", "runs/m"] + arguments, directory: folder)
                .outcome()
        }
    }

    private let park = Fixtures.path("videos/real/park.mp4")
    private let short = Fixtures.path("videos/real/realshort.mp4")

    @Test func manyQuestionsAboutManyVideos() throws {
        let scratch = try Scratch()
        let manager = FileManager.default
        try manager.createDirectory(
            at: scratch.folder.appendingPathComponent("v/deep"), withIntermediateDirectories: true)
        for (name, target) in [("park.mp4", park), ("deep/short.mp4", short)] {
            try manager.createSymbolicLink(
                atPath: scratch.folder.appendingPathComponent("v/\(name)").path,
                withDestinationPath: target)
        }
        try scratch.write(
            "task,prompt\nwhat,which place?\ncount,\"how many, exactly?\"\n", to: "q.csv")
        let first = try scratch.predict(
            "v", "no-such.mp4", "--questions=q.csv", "--out=out/p.csv", "--jobs=1", "--top-k=1")
        #expect(first.status == 0, "\(first.errors)")
        let whole = try scratch.read("out/p.csv")
        let lines = whole.split(separator: "\n")
        #expect(lines.count == 7)
        #expect(lines[0] == "video,start,end,task,prompt,answer,probability,run,error")
        #expect(lines[2].hasPrefix("v/deep/short.mp4,,,count,\"how many, exactly?\","))
        #expect(lines[3].hasPrefix("v/park.mp4,,,what,which place?,"))
        #expect(lines[6].contains("no-such.mp4") && first.errors.contains("no-such"))
        #expect(first.output.contains("0 rows kept, 6 new, 2 of them with an error"))

        // Whatever is there is kept, with any number of jobs.
        let bytes = Array(whole.utf8)
        for length in [bytes.count / 3, bytes.count - 1, bytes.count] {
            try Data(bytes[..<length]).write(to: scratch.folder.appendingPathComponent("out/p.csv"))
            let again = try scratch.predict(
                "v", "no-such.mp4", "--questions=q.csv", "--out=out/p.csv", "--jobs=3",
                "--top-k=1")
            #expect(again.status == 0, "\(again.errors)")
            #expect(try scratch.read("out/p.csv") == whole, "\(length) bytes")
        }
        let other = try scratch.predict(park, "--prompt=why?", "--out=out/p.csv", "--top-k=1")
        #expect(other.status == 65 && other.errors.contains("`--overwrite`"), "\(other.errors)")
        #expect(other.errors.contains("out/p.csv cannot be continued because it answers “"))
        #expect(try scratch.read("out/p.csv") == whole)
    }

    @Test func aManifestAsksItsOwnQuestions() throws {
        let scratch = try Scratch()
        try scratch.write(
            """
            video,start,end,task,prompt
            \(park),0,0.5,what,where?
            \(park),0,0.5,count,how many?
            \(short),,,who,

            """, to: "ask.csv")
        let outcome = try scratch.predict("ask.csv", "--json")
        #expect(outcome.status == 0, "\(outcome.errors)")
        struct Answer: Decodable {
            let task: String
            let prompt: String?
            let end: Double?
            let error: String?
        }
        let answers = try JSONDecoder().decode([Answer].self, from: Data(outcome.output.utf8))
        #expect(answers.map(\.task) == ["what", "count", "who"])
        #expect(answers.map(\.prompt) == ["where?", "how many?", nil])
        #expect(answers.map(\.end) == [0.5, 0.5, nil])
        #expect(answers.map { $0.error == nil } == [true, true, false])
        #expect(
            answers[2].error?.contains("no task `who` in the run; the tasks are count, what.")
                == true)
        #expect(try scratch.predict("ask.csv", "--task=who").status == 65)
        let nothing = try scratch.predict("no-such.mp4", "--out=p.csv")
        #expect(nothing.status == 1, "\(nothing.errors)")
    }

    @Test func aPlaceToWriteThatCannotBeMadeIsNoBadInput() throws {
        let scratch = try Scratch()
        for option in [
            "--out=m.csv/p.csv", "--out=/proc/none/p.csv", "--out=cache",
            "--attention=m.csv/maps", "--attention=/proc/none/a.safetensors",
        ] {
            let refused = try scratch.predict(park, option)
            #expect(refused.status == 75, "\(option): \(refused.errors)")
            #expect(refused.errors.contains("Error: Cannot create "), "\(refused.errors)")
        }
    }

    @Test func thatTheEndOfAPromptIsNotReadIsSaidOnce() throws {
        let scratch = try Scratch()
        let prompt = String(repeating: "what is it ", count: 5000)
        func remarks(_ outcome: BuiltProgram.Outcome) -> Int {
            outcome.errors.components(separatedBy: "reads the first 512 tokens of a prompt").count
                - 1
        }
        try scratch.write("\(prompt)\n\(prompt)now?\n", to: "q.txt")
        let outcome = try scratch.predict(park, short, "--questions=q.txt", "--out=p.csv")
        #expect(outcome.status == 0 && remarks(outcome) == 1, "\(outcome.errors)")
        #expect(outcome.errors.contains("ignores the rest, here of 2 prompts: \"what is it what"))
        #expect(remarks(try scratch.predict(park, "--prompt=what?")) == 0)
        let rest = ["--shards=cache/m-features", "--max-steps=1", "--qformer=preset:small-text"]
        let training = try BuiltProgram(
            "vbtrain", rest + ["--out=runs/long", "--prompt=\(prompt)"], directory: scratch.folder
        ).outcome()
        #expect(training.status == 0 && remarks(training) == 1, "\(training.errors)")
        let evaluation = try BuiltProgram(
            "vbtrain", ["evaluate", "runs/long", "--no-probes"], directory: scratch.folder
        ).outcome()
        #expect(evaluation.status == 0 && remarks(evaluation) == 1, "\(evaluation.errors)")
    }

    /// Ctrl-C keeps what was answered; the same command does the rest.
    @Test func aStoppedPredictionGoesOn() throws {
        let scratch = try Scratch()
        let arguments =
            ["predict", "runs/m"]
            + Array(repeating: [park, short], count: 100).flatMap(\.self) + ["--out=p.csv"]
        let table = scratch.folder.appendingPathComponent("p.csv")
        let program = try BuiltProgram("vbtrain", arguments, directory: scratch.folder)
        let deadline = ContinuousClock.now + .seconds(120)
        while (try? Data(contentsOf: table).count) ?? 0 < 1000, ContinuousClock.now < deadline {
            usleep(2000)
        }
        program.send(SIGINT)
        let stopped = try program.outcome()
        #expect(stopped.status == 130, "\(stopped.errors)")
        let kept = try scratch.read("p.csv").split(separator: "\n").count
        #expect(kept < 401)
        let rest = try BuiltProgram("vbtrain", arguments, directory: scratch.folder).outcome()
        #expect(rest.status == 0 && rest.output.contains("\(kept - 1) rows kept"), "\(rest.output)")
        #expect(try scratch.read("p.csv").split(separator: "\n").count == 401)
    }

    @Test func exportsWhatTheQueriesRead() throws {
        let scratch = try Scratch()
        let file = try scratch.predict(
            park, short, "--prompt=one?", "--prompt=two words?", "--attention=a.safetensors")
        #expect(file.status == 0, "\(file.errors)")
        let tensors = try SafetensorsFile(
            path: scratch.folder.appendingPathComponent("a.safetensors").path)
        let names = ["attention", "attention_map", "hidden_states", "query_output"]
        #expect(
            tensors.names
                == ["0.0", "0.1", "1.0", "1.1"].flatMap { clip in names.map { "\(clip).\($0)" } })
        // 2 frames of 28 pixels in patches of 14, CLS first.
        #expect(tensors.shape(of: "1.1.attention_map") == [2, 2, 2])
        #expect(tensors.shape(of: "1.1.attention")?.last == 10)
        let again = try scratch.predict(park, "--attention=a.safetensors")
        #expect(again.status == 64 && again.errors.contains("--overwrite"))

        let folder = try scratch.predict(
            park, "--prompt=one?", "--prompt=two words?", "--attention=maps")
        #expect(folder.status == 0, "\(folder.errors)")
        let found = try FileManager.default.contentsOfDirectory(
            atPath: scratch.folder.appendingPathComponent("maps").path)
        #expect(
            found.sorted() == ["0000-park.0.jpg", "0000-park.1.jpg", "0000-park.safetensors"])
        let single = try SafetensorsFile(
            path: scratch.folder.appendingPathComponent("maps/0000-park.safetensors").path)
        let shape = try #require(tensors.shape(of: "0.1.attention"))
        #expect(
            try single.tensor("0.1.attention", shape: shape)
                == tensors.tensor("0.1.attention", shape: shape))
    }

    /// The page shows heat maps, or says why it cannot.
    @Test func theReportShowsAttention() throws {
        let scratch = try Scratch()
        #expect(try scratch.read("runs/m/report.html").contains(#""heat":{"columns":2"#))
        try FileManager.default.moveItem(
            at: scratch.folder.appendingPathComponent("cache/m-features"),
            to: scratch.folder.appendingPathComponent("cache/gone"))
        let report = try BuiltProgram("vbtrain", ["report", "runs/m"], directory: scratch.folder)
            .outcome()
        #expect(report.status == 0, "\(report.errors)")
        let page = try scratch.read("runs/m/report.html")
        #expect(!page.contains(#""heat":{"#))
        #expect(page.contains("attention are not shown: the run's features are not there"))
    }
}
