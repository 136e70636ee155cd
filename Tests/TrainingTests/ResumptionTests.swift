import Files
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
        var options: TrainOptions
        let qformer: QFormerConfiguration

        init(
            _ name: String, order: FrameOrder? = nil, readsText: Bool = false,
            _ change: (inout TrainOptions) -> Void
        ) {
            var qformer = smallQFormer
            if readsText { qformer.text = PromptFixture.text }
            qformer.frameOrder = order
            self.qformer = qformer
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
        Case("frames", order: FrameOrder(layout: .frames, position: .queries, numFrames: 5)) {
            $0.epochs = 2
        },
        Case("bound", order: FrameOrder(layout: .bound, position: .outputs, numFrames: 5)) {
            $0.epochs = 2
        },
        Case("joint", order: FrameOrder(layout: .joint, position: .tokens, numFrames: 5)) {
            $0.epochs = 2
        },
        Case("wordings", readsText: true) {
            $0.epochs = 2
            $0.wordings = PromptWordings(
                [.init(task: "default", training: ["which color", "how big", "what is it"])],
                evaluated: .all)
        },
    ]

    struct Run {
        let directory: RunDirectory
        var trainer: Trainer<MemoryDataset, MemoryDataset>

        init(_ path: String, _ test: Case, isNew: Bool) throws {
            let (options, qformer) = (test.options, test.qformer)
            let configuration = try makeRunConfiguration(options)
            directory =
                try isNew
                ? RunDirectory(creating: path, configuration: configuration, overwrite: false)
                : RunDirectory(opening: path)
            trainer = try Trainer(
                model: VideoClassifier(configuration: qformer, numClasses: 3, seed: 1),
                options: options,
                training: MemoryDataset(numClips: 30, numClasses: 3, hiddenSize: 24, seed: 1),
                validation: MemoryDataset(numClips: 12, numClasses: 3, hiddenSize: 24, seed: 2),
                outputs: oneTask(),
                reading: ClipReading(qformer: qformer, tokenizer: PromptFixture.tokenizer()),
                storage: RunStorage(
                    run: directory, imageProcessor: .blip, tokenizerFiles: []))
        }
    }

    /// What others read of the run, without clocks: rows of `metrics.csv`, events, W&B's history.
    private func reports(of directory: RunDirectory) throws -> [String] {
        let table = try String(contentsOfFile: "\(directory.path)/metrics.csv", encoding: .utf8)
        var reports = table.split(separator: "\n").map { row in
            row.split(separator: ",", omittingEmptySubsequences: false).enumerated()
                .filter { $0.offset != 5 }.map { String($0.element) }.joined(separator: ",")
        }
        let folder = URL(fileURLWithPath: directory.path)
        for name in try namesInDirectory(directory.path) where name.hasPrefix("events.") {
            let events = try TensorBoardWriterTests.events(in: folder.appendingPathComponent(name))
            reports += events.flatMap { event in
                event.summary.value.map { "\(event.step) \($0.tag)=\($0.simpleValue)" }
            }.filter { !$0.contains("clips_per_second") }
        }
        return reports
            + (try WandbRunTests.history(in: directory.path)).map {
                $0.replacing(#/ train.clips_per_second=[-0-9.e]+/#, with: "")
            }
    }

    /// What a finished run leaves: the bytes of the best weights, and the log without its clock.
    private func remains(of directory: RunDirectory) throws -> (weights: Data, log: [String]) {
        let log = try String(contentsOfFile: directory.logPath, encoding: .utf8)
        return (
            try Data(contentsOf: URL(fileURLWithPath: directory.weightsPath)),
            log.split(separator: "\n").map {
                String($0).replacing(
                    /"(clips_per_second|data_wait)":[-0-9.e]+,?|"checksum":"[0-9a-f]+",/, with: "")
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
        var whole = try Run("\(folder.path)/whole", test, isNew: true)
        var events = 0
        #expect(
            try !whole.trainer.run { _ in
                events += 1; return .proceed
            }.isInterrupted)
        let expected = try remains(of: whole.directory)
        let expectedReports = try reports(of: whole.directory)

        for stop in stride(from: 1, through: events, by: max(1, events / 12)) {
            let path = "\(folder.path)/stopped-\(stop)"
            var stopped = try Run(path, test, isNew: true)
            var count = 0
            let outcome = try stopped.trainer.run { _ in
                count += 1
                return count >= stop ? .stop : .proceed
            }
            if outcome.isInterrupted {
                var resumed = try Run(path, test, isNew: false)
                try resumed.trainer.resume(
                    from: try #require(resumed.directory.checkpoints.last))
                _ = try resumed.trainer.run { _ in .proceed }
            }
            let found = try remains(of: stopped.directory)
            #expect(found.weights == expected.weights, "stopped at event \(stop)")
            #expect(found.log == expected.log, "stopped at event \(stop)")
            #expect(try reports(of: stopped.directory) == expectedReports, "stopped at \(stop)")
        }
    }

    @Test func anyCheckpointLeadsToTheSameEnd() throws {
        let folder = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: folder) }
        var test = Self.cases[1]
        test.options.saveLimit = 0
        var whole = try Run("\(folder.path)/run", test, isNew: true)
        _ = try whole.trainer.run { _ in .proceed }
        let expected = try remains(of: whole.directory)
        #expect(whole.directory.checkpoints.count == 6)
        for checkpoint in whole.directory.checkpoints {
            var again = try Run("\(folder.path)/run", test, isNew: false)
            try again.trainer.resume(from: checkpoint)
            _ = try again.trainer.run { _ in .proceed }
            let found = try remains(of: again.directory)
            #expect(found.weights == expected.weights && found.log == expected.log)
        }
    }

    @Test func keepsAsManyCheckpointsAsTold() throws {
        let folder = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: folder) }
        var run = try Run("\(folder.path)/run", Self.cases[0], isNew: true)
        _ = try run.trainer.run { _ in .proceed }
        #expect(run.directory.checkpoints.map(\.step) == [8, 12])
    }

    @Test func namesWhatADifferentConfigurationChanged() throws {
        let folder = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: folder) }
        let run = try Run("\(folder.path)/run", Self.cases[0], isNew: true)
        var options = Self.cases[0].options
        options.learningRate = 0.5
        let error = #expect(throws: TrainingError.self) {
            try run.directory.requireSame(makeRunConfiguration(options))
        }
        #expect(error?.description.contains("options.learning_rate was 0.001") == true)
    }

    /// Trains to the end in `Run` and gives it with its last checkpoint to `body`.
    func withFinishedRun(_ body: (inout Run, Checkpoint) throws -> Void) throws {
        let folder = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: folder) }
        var run = try Run("\(folder.path)/run", Self.cases[0], isNew: true)
        _ = try run.trainer.run { _ in .proceed }
        try body(&run, try #require(run.directory.checkpoints.last))
    }

    @Test func namesTheCheckpointsThatThereAre() throws {
        try withFinishedRun { run, checkpoint in
            let path = run.directory.path
            #expect(try Checkpoint(named: "\(path)/checkpoint-8/", in: path).step == 8)
            for (wrong, reason) in [
                ("\(path)/checkpoint-9", "no such directory"), (path, "not checkpoint-STEP"),
                ("\(path)/checkpoint--8", "not checkpoint-STEP"),
            ] {
                let error = #expect(throws: TrainingError.self) {
                    try Checkpoint(named: wrong, in: path)
                }
                let sentence = try #require(error?.description)
                #expect(sentence.contains(reason) && sentence.contains("\(path)/checkpoint-8"))
            }
            #expect(throws: TrainingError.self) {
                try Checkpoint(named: checkpoint.path, in: "\(path)/other")
            }
        }
    }

    /// Kills between the steps of replacing the best weights leave the old ones or the new ones.
    @Test func bestWeightsCanBeReadAfterAKill() throws {
        try withFinishedRun { run, _ in
            let sums = "\(run.directory.path)/model/SHA256SUMS"
            let oldSums = try readFile(sums)
            var model = try run.directory.loadModel()
            model.store.values[0] += 1
            let oldWeights = try readFile(run.directory.weightsPath)
            try run.directory.save(model, imageProcessor: .blip)
            let newSums = try readFile(sums)
            let newWeights = try readFile(run.directory.weightsPath)
            for (weights, recorded) in [
                (oldWeights, oldSums), (oldWeights, oldSums + newSums),
                (newWeights, oldSums + newSums), (newWeights, newSums),
            ] {
                try publishFile(weights, at: run.directory.weightsPath)
                try publishFile(recorded, at: sums)
                _ = try run.directory.loadModel()
            }
            // What was saved is whole again after the next save.
            try run.directory.save(model, imageProcessor: .blip)
            #expect(try readFile(sums) == newSums)
        }
    }
}
