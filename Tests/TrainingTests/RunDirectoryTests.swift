import Files
import Foundation
import Recipes
import Shards
import Testing

@testable import Training

struct RunDirectoryTests {
    private static let tasks = [
        AnswerSet(task: "color", classes: ["blue", "red"]),
        AnswerSet(task: "size", classes: ["big", "small"]),
    ]

    private func withRun(_ body: (RunDirectory) throws -> Void) throws {
        let fixture = try FeatureFixture(tasks: Self.tasks)
        defer { fixture.remove() }
        let dataset = try fixture.write([.init(video: "x.mp4", task: "color")])
        try body(
            RunDirectory(
                creating: "\(fixture.folder.path)/run",
                configuration: makeRunConfiguration(dataset: dataset), overwrite: false))
    }

    private let dataset = EvaluatedDataset(name: "m-features", contentHash: "abc")

    @Test func neitherContinuesNorReplacesARunThatHasLostItsConfiguration() throws {
        try withRun { run in
            let configuration = run.configuration
            try makeDirectory(at: "\(run.path)/checkpoint-5")
            try removeFile(at: "\(run.path)/config.json")
            #expect(throws: TrainingError.lostConfiguration(path: run.path)) {
                try RunDirectory(
                    creating: run.path, configuration: configuration, overwrite: false)
            }
            let anew = try RunDirectory(
                creating: run.path, configuration: configuration, overwrite: true)
            #expect(anew.checkpoints.isEmpty)
        }
    }

    @Test func recordsMetricsBySplitAndTask() throws {
        try withRun { run in
            let outputs = run.configuration.outputs
            try run.record(
                makeResult(outputs, [(0, 0, 0), (1, 0, 1)]), split: .validation, dataset: dataset)
            try run.record(makeResult(outputs, [(1, 1, 1)]), split: .test, dataset: dataset)
            let metrics = try run.metrics()
            #expect(metrics.keys.sorted() == ["test", "validation"])
            #expect(metrics["validation"]?.keys.sorted() == ["color", "size"])
            #expect(metrics["test"]?.keys.sorted() == ["size"])
            #expect(metrics["test"]?["size"]?.dataset == dataset)
        }
    }

    @Test func writesALineForEachQuestionWithAProbabilityForEachAnswer() throws {
        try withRun { run in
            let result = makeResult(run.configuration.outputs, [(0, 1, 0), (1, 0, 0)])
            try run.record(result, split: .test, dataset: dataset)
            let bytes = try readFile("\(run.path)/predictions-test.csv")
            #expect(
                String(decoding: bytes, as: UTF8.self) == """
                    key,video,task,prompt,label,prediction,loss,\
                    color: blue,color: red,size: big,size: small
                    clip0,v0.mp4,color,p,red,blue,0.0,0.25,0.25,0.25,0.25
                    clip1,v1.mp4,size,p,big,big,1.0,0.25,0.25,0.25,0.25

                    """)
        }
    }

    /// With 3,000 classes the square of their number would be 387 MB.
    @Test func manyClassesMakeNoLargeFiles() throws {
        let classes = (0..<3000).map { "class \($0)" }
        let task = AnswerSet(task: "default", classes: classes)
        let fixture = try FeatureFixture(tasks: [task])
        defer { fixture.remove() }
        let dataset = try fixture.write([.init(video: "x.mp4")])
        let run = try RunDirectory(
            creating: "\(fixture.folder.path)/run",
            configuration: makeRunConfiguration(dataset: dataset), overwrite: false)
        let result = makeResult(
            ModelOutputs([task]), (0..<3000).map { (0, $0, $0 / 2) }, probabilities: [])
        try run.record(result, split: .test, dataset: self.dataset)
        #expect(try run.metrics()["test"]?["default"]?.confusionMatrix.entries.count == 3000)
        for (name, limit) in [("metrics.json", 1 << 20), ("predictions-test.csv", 1 << 20)] {
            let count = try readFile("\(run.path)/\(name)").count
            #expect(count < limit, "\(name)")
        }
        let lines = try readFile("\(run.path)/predictions-test.csv").split(separator: 10)
        #expect(
            String(decoding: lines[0], as: UTF8.self)
                == "key,video,task,prompt,label,prediction,loss,confidence")
    }

    /// `bytes` with `old` replaced by `new`, as by a hand that marks the file as edited.
    private func edited(_ bytes: [UInt8], _ old: String, _ new: String) throws -> [UInt8] {
        let text = String(decoding: bytes, as: UTF8.self)
            .replacing(/"checksum" : "[0-9a-f]+"/, with: "\"checksum\" : \"edited\"")
        let changed = text.replacing(try Regex(old), with: new)
        #expect(changed != text)
        return Array(changed.utf8)
    }

    @Test(arguments: ["config.json", "metrics.json", "log.jsonl"])
    func seesAChangedBit(_ name: String) throws {
        try withRun { run in
            try run.record(
                makeResult(run.configuration.outputs, [(0, 1, 0), (1, 0, 0)]), split: .test,
                dataset: dataset)
            try run.appendLog(["step": 1.0, "loss": 0.5])
            let path = "\(run.path)/\(name)"
            let intact = try readFile(path)
            for share in 0..<20 {
                var changed = intact
                changed[intact.count * share / 20] ^= 1
                try publishFile(changed, at: path)
                let error = #expect(throws: (any Error).self, "\(share)") {
                    let opened = try RunDirectory(opening: run.path)
                    _ = try (opened.metrics(), opened.logLines([String: Double].self))
                }
                #expect("\(error.map { "\($0)" } ?? "")".contains(path))
            }
            try publishFile(intact, at: path)
            _ = try RunDirectory(opening: run.path).metrics()
        }
    }

    @Test func seesAChangedAnswer() throws {
        try withRun { run in
            try run.record(
                makeResult(run.configuration.outputs, [(0, 1, 0)]), split: .test, dataset: dataset)
            let path = run.predictionsPath(of: .test)
            var bytes = try #require(try run.predictions(of: .test))
            #expect(try run.predictions(of: .validation) == nil)
            bytes[bytes.count / 2] ^= 1
            try publishFile(bytes, at: path)
            let error = #expect(throws: FileError.self) { try run.predictions(of: .test) }
            #expect(error?.description.contains("vbtrain evaluate") == true)
        }
    }

    @Test func aLineThatAKillCutIsNoLine() throws {
        try withRun { run in
            try run.appendLog(["step": 1])
            try appendToFile(Array("{\"checksum\":\"12".utf8), at: run.logPath)
            #expect(try run.logLines([String: Int].self) == [["step": 1]])
        }
    }

    @Test func readsAConfigurationThatWasEditedOnPurpose() throws {
        try withRun { run in
            let path = "\(run.path)/config.json"
            try publishFile(
                edited(readFile(path), #""batch_size" : 8"#, #""batch_size" : 4"#),
                at: path)
            #expect(try RunDirectory(opening: run.path).configuration.options.batchSize == 4)
        }
    }

    @Test(arguments: [
        (#""batch_size" : 8"#, #""batch_size" : -1"#),
        (#""epochs" : 100"#, #""epochs" : 9223372036854775807"#),
        (#""max_grad_norm" : 1"#, #""max_grad_norm" : -1"#),
        (#""num_attention_heads" : \d+"#, #""num_attention_heads" : 0"#),
        (#""hidden_size" : \d+"#, #""hidden_size" : -24"#),
        (#""num_query_tokens" : \d+"#, #""num_query_tokens" : 4611686018427387904"#),
        (#""num_frames" : \d+"#, #""num_frames" : -8"#),
        (#""image_size" : \d+"#, #""image_size" : 4611686018427387904"#),
        (#""training_questions" : \d+"#, #""training_questions" : -2"#),
        (#""seed" : 42"#, #""seed" : null"#), (#""epochs" : 100"#, #""epochs" : 1e300"#),
    ])
    func refusesAConfigurationThatCannotBe(_ old: String, _ new: String) throws {
        try withRun { run in
            let path = "\(run.path)/config.json"
            try publishFile(edited(readFile(path), old, new), at: path)
            let error = #expect(throws: TrainingError.self) { try RunDirectory(opening: run.path) }
            #expect(error?.description.contains("in its config.json") == true)
        }
    }

    @Test(arguments: [
        (#""entries" : \["#, #""entries" : [[1],"#), (#""num_classes" : 2"#, #""num_classes" : 3"#),
        (#""questions" : 1"#, #""questions" : 9223372036854775807"#),
        (#""groups" : 1"#, #""groups" : -1"#),
        (#""accuracy_interval" : \["#, #""accuracy_interval" : [0,"#),
    ])
    func refusesMetricsThatCannotBe(_ old: String, _ new: String) throws {
        try withRun { run in
            try run.record(
                makeResult(run.configuration.outputs, [(0, 1, 0), (1, 0, 0)]), split: .test,
                dataset: dataset)
            let path = "\(run.path)/metrics.json"
            try publishFile(edited(readFile(path), old, new), at: path)
            #expect(throws: TrainingError.damagedMetrics(path: path, run: run.path)) {
                try run.metrics()
            }
        }
    }

    @Test func overwritingKeepsWhatIsNotOurs() throws {
        try withRun { run in
            try publishFile([1], at: "\(run.path)/notes.txt")
            try publishFile([1], at: "\(run.path)/report.html")
            try makeDirectory(at: "\(run.path)/checkpoint-3")
            #expect(throws: TrainingError.self) {
                try RunDirectory(
                    creating: run.path, configuration: run.configuration, overwrite: false)
            }
            _ = try RunDirectory(
                creating: run.path, configuration: run.configuration, overwrite: true)
            #expect(
                try namesInDirectory(run.path) == [
                    "config.json", "log.jsonl", "model", "notes.txt",
                ]
            )
        }
    }
}
