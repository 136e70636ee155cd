import Foundation
import Models
import TestSupport
import Testing

@testable import Training

/// A training that is stopped or loses its process goes on as if nothing had happened.
@Suite(.serialized)
struct ResumptionTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let options: TrainOptions

        init(_ name: String, _ change: (inout TrainOptions) -> Void) {
            var options = TrainOptions()
            options.epochs = 3
            options.batchSize = 4
            options.gradientAccumulation = 2
            options.learningRate = 1e-3
            options.loggingSteps = 2
            change(&options)
            testDescription = name
            self.options = options
        }
    }

    static let cases = [
        Case("every epoch") { _ in },
        Case("every two steps, evaluation every three") {
            $0.saveStrategy = .steps
            $0.saveSteps = 2
            $0.evalStrategy = .steps
            $0.evalSteps = 3
        },
        Case("early stop") {
            $0.epochs = 30
            $0.earlyStoppingPatience = 1
            $0.earlyStoppingThreshold = 0.05
            $0.classWeights = .balanced
        },
    ]

    private struct Run {
        let directory: RunDirectory
        var trainer: Trainer<MemoryDataset, MemoryDataset>

        init(_ path: String, _ options: TrainOptions, isNew: Bool) throws {
            let configuration = try makeRunConfiguration(options)
            directory =
                try isNew
                ? RunDirectory(creating: path, configuration: configuration, overwrite: false)
                : RunDirectory(opening: path)
            trainer = try Trainer(
                model: VideoClassifier(configuration: smallQFormer, numClasses: 3, seed: 1),
                options: options,
                training: MemoryDataset(numClips: 30, numClasses: 3, hiddenSize: 24, seed: 1),
                validation: MemoryDataset(numClips: 12, numClasses: 3, hiddenSize: 24, seed: 2),
                outputs: oneTask(), reading: ClipReading(qformer: smallQFormer),
                storage: RunStorage(
                    run: directory, imageProcessor: .blip, tokenizerFiles: []))
        }
    }

    /// What a finished run leaves: the bytes of the best weights, and the log without its clock.
    private func remains(of directory: RunDirectory) throws -> (weights: Data, log: [String]) {
        let log = try String(contentsOfFile: directory.logPath, encoding: .utf8)
        return (
            try Data(contentsOf: URL(fileURLWithPath: directory.weightsPath)),
            log.split(separator: "\n").map {
                String($0).replacing(/"(clips_per_second|data_wait)":[-0-9.e]+,?/, with: "")
            }
        )
    }

    @Test func keepsMetricsThatItCannotRead() throws {
        let folder = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = "\(folder.path)/run"
        let run = try RunDirectory(
            creating: path, configuration: try makeRunConfiguration(),
            overwrite: false)
        #expect(try run.metrics().isEmpty)
        let damaged = Data("{\"test\": {".utf8)
        try damaged.write(to: URL(fileURLWithPath: "\(path)/metrics.json"))
        let error = #expect(throws: TrainingError.self) { try run.metrics() }
        #expect(error?.description.contains("vbtrain evaluate \(path)") == true)
        #expect(FileManager.default.contents(atPath: "\(path)/metrics.json") == damaged)
    }

    @Test(arguments: cases)
    func stoppedAfterAnyPassItEndsWithTheSameBytes(_ test: Case) throws {
        let folder = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: folder) }
        var whole = try Run("\(folder.path)/whole", test.options, isNew: true)
        var events = 0
        #expect(
            try !whole.trainer.run { _ in
                events += 1; return .proceed
            }.isInterrupted)
        let expected = try remains(of: whole.directory)

        for stop in stride(from: 1, through: events, by: max(1, events / 12)) {
            let path = "\(folder.path)/stopped-\(stop)"
            var stopped = try Run(path, test.options, isNew: true)
            var count = 0
            let outcome = try stopped.trainer.run { _ in
                count += 1
                return count >= stop ? .stop : .proceed
            }
            if outcome.isInterrupted {
                var resumed = try Run(path, test.options, isNew: false)
                try resumed.trainer.resume(
                    from: try #require(resumed.directory.checkpoints.last))
                _ = try resumed.trainer.run { _ in .proceed }
            }
            let found = try remains(of: stopped.directory)
            #expect(found.weights == expected.weights, "stopped at event \(stop)")
            #expect(found.log == expected.log, "stopped at event \(stop)")
        }
    }

    @Test func anyCheckpointLeadsToTheSameEnd() throws {
        let folder = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: folder) }
        var options = Self.cases[1].options
        options.saveLimit = 0
        var whole = try Run("\(folder.path)/run", options, isNew: true)
        _ = try whole.trainer.run { _ in .proceed }
        let expected = try remains(of: whole.directory)
        #expect(whole.directory.checkpoints.count == 6)
        for checkpoint in whole.directory.checkpoints {
            var again = try Run("\(folder.path)/run", options, isNew: false)
            try again.trainer.resume(from: checkpoint)
            _ = try again.trainer.run { _ in .proceed }
            let found = try remains(of: again.directory)
            #expect(found.weights == expected.weights && found.log == expected.log)
        }
    }

    @Test func keepsAsManyCheckpointsAsTold() throws {
        let folder = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: folder) }
        var run = try Run("\(folder.path)/run", Self.cases[0].options, isNew: true)
        _ = try run.trainer.run { _ in .proceed }
        #expect(run.directory.checkpoints.map(\.step) == [8, 12])
    }

    @Test func namesWhatADifferentConfigurationChanged() throws {
        let folder = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: folder) }
        let run = try Run("\(folder.path)/run", Self.cases[0].options, isNew: true)
        var options = Self.cases[0].options
        options.learningRate = 0.5
        let error = #expect(throws: TrainingError.self) {
            try run.directory.requireSame(makeRunConfiguration(options))
        }
        #expect(error?.description.contains("options.learning_rate was 0.001") == true)
    }

    @Test(arguments: [#""position" : -5"#, #""position" : 31"#, #""step" : 11"#])
    func refusesAPlaceThatCannotBe(_ field: String) throws {
        let folder = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: folder) }
        var run = try Run("\(folder.path)/run", Self.cases[0].options, isNew: true)
        _ = try run.trainer.run { _ in .proceed }
        let checkpoint = try #require(run.directory.checkpoints.last)
        let path = "\(checkpoint.path)/trainer_state.json"
        let name = try #require(field.split(separator: ":").first)
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let changed = text.split(separator: "\n").map { line in
            line.contains("  \(name)") ? "  \(field)," : String(line)
        }.joined(separator: "\n")
        #expect(changed != text)
        try Data(changed.utf8).write(to: URL(fileURLWithPath: path))
        #expect(throws: TrainingError.self) { try run.trainer.resume(from: checkpoint) }
    }

    /// As of a processor with another instruction set: resumed would not equal undisturbed.
    @Test func refusesACheckpointOfOtherProducts() throws {
        let folder = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: folder) }
        var run = try Run("\(folder.path)/run", Self.cases[0].options, isNew: true)
        _ = try run.trainer.run { _ in .proceed }
        let checkpoint = try #require(run.directory.checkpoints.last)
        let path = "\(checkpoint.path)/trainer_state.json"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let changed = text.replacing(/"math_library" : "[^"]*"/) { _ in
            #""math_library" : "oneDNN 9.9.9 other""#
        }
        #expect(changed != text)
        try Data(changed.utf8).write(to: URL(fileURLWithPath: path))
        let error = #expect(throws: TrainingError.self) {
            try run.trainer.resume(from: checkpoint)
        }
        #expect(error?.description.contains("oneDNN 9.9.9 other") == true)
        #expect(error?.description.contains("`--isa`") == true)
    }

    @Test(arguments: ["model.safetensors", "optimizer.safetensors", "trainer_state.json"])
    func refusesADamagedCheckpoint(_ file: String) throws {
        let folder = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: folder) }
        var run = try Run("\(folder.path)/run", Self.cases[0].options, isNew: true)
        _ = try run.trainer.run { _ in .proceed }
        let checkpoint = try #require(run.directory.checkpoints.last)
        try Data("{".utf8).write(to: URL(fileURLWithPath: "\(checkpoint.path)/\(file)"))
        #expect(throws: TrainingError.self) { try run.trainer.resume(from: checkpoint) }
    }
}
