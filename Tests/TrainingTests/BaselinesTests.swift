import Files
import Foundation
import Models
import Recipes
import TestSupport
import Testing

@testable import Training

@Suite(.serialized)
struct BaselinesTests {
    private static let outputs = ModelOutputs([
        AnswerSet(task: "color", classes: ["blue", "red"]),
        AnswerSet(task: "size", classes: ["big", "mid", "small"]),
    ])

    @Test func majorityIsTheMostFrequentAnswerOfEachTask() {
        let labels = [0, 1, 1, 4, 4, 3, 3, 2]
        #expect(Baselines.majority(labels, Self.outputs) == [1, 1])
        #expect(Baselines.majority([0], Self.outputs) == [0, nil])
    }

    @Test func majorityIsThatOfTheTrainingSplit() throws {
        let training = CountingDataset(clipIndices: [0, 1, 2], labels: [1, 1, 0])
        let baselines = try #require(try Baselines(training, outputs: oneTask(["a", "b"])))
        let split = CountingDataset(clipIndices: [3, 4, 5, 6], labels: [0, 0, 0, 1])
        let answers = try #require(try baselines.answers(to: split))
        let result = makeResult(oneTask(["a", "b"]), [(0, 0, 0), (0, 0, 0), (0, 0, 1), (0, 1, 1)])
        let score = try #require(answers.scores(beside: result)["default"]?.first)
        #expect(score.kind == .majority && score.accuracy == 0.25)
        #expect(score.accuracyInterval == wilsonInterval(hits: 1, total: 4))
    }

    @Test func probesLearnWhatTheMeanTokenTells() throws {
        let training = MemoryDataset(numClips: 60, numClasses: 3, hiddenSize: 24, seed: 1)
        let split = MemoryDataset(numClips: 30, numClasses: 3, hiddenSize: 24, seed: 2)
        let baselines = try #require(try Baselines(training, outputs: oneTask()))
        #expect(baselines.remarks.isEmpty)
        let answers = try #require(try baselines.answers(to: split))
        let result = makeResult(oneTask(), split.labels.map { (0, $0, 0) })
        let scores = try #require(answers.scores(beside: result)["default"])
        #expect(scores.map(\.kind) == [.majority, .linear, .attentive])
        #expect(scores[0].accuracy == 1.0 / 3)
        #expect(scores[1].accuracy > 0.9 && scores[2].accuracy > 0.9)
        #expect(scores[1].pValue < 0.01)
        #expect(scores[1].name.contains("60 questions") && scores[1].name.contains("blind"))
        #expect(scores[2].name.contains("60 clips"))
    }

    /// Each probe answers the questions of its own task.
    @Test func everyTaskHasItsOwn() throws {
        // Two questions about each clip, whose class is told by the clip in both tasks.
        let clips = (0..<24).flatMap { [$0, $0] }
        let labels = clips.enumerated().map { place, clip in
            place % 2 == 0 ? clip % 2 : 2 + clip % 3
        }
        let dataset = CountingDataset(clipIndices: clips, labels: labels)
        let baselines = try #require(try Baselines(dataset, outputs: Self.outputs))
        let answers = try #require(try baselines.answers(to: dataset))
        let result = makeResult(
            Self.outputs, labels.map { $0 < 2 ? (0, $0, 0) : (1, $0 - 2, 0) })
        let scores = answers.scores(beside: result)
        #expect(scores.keys.sorted() == ["color", "size"])
        #expect(scores["size"]?.first?.accuracy == 1.0 / 3)
        #expect(scores["color"]?.first?.accuracy == 0.5)
        #expect(baselines.linear.map { $0?.questions } == [24, 24])
        #expect(baselines.linear.map { $0?.classes.count } == [2, 3])
    }

    @Test func aRunKeepsThem() throws {
        let fixture = try FeatureFixture()
        defer { fixture.remove() }
        let run = try RunDirectory(
            creating: "\(fixture.folder.path)/run", configuration: makeRunConfiguration(),
            overwrite: false)
        #expect(try run.baselines() == nil)
        let training = MemoryDataset(numClips: 12, numClasses: 3, hiddenSize: 24, seed: 1)
        let baselines = try #require(try Baselines(training, outputs: oneTask()))
        try run.save(baselines)
        let read = try #require(try run.baselines())
        #expect(read.linear == baselines.linear && read.majority == baselines.majority)
        #expect(read.attentive?.training == baselines.attentive?.training)
        #expect(read.attentive?.model.store.values == baselines.attentive?.model.store.values)

        for name in ["baselines.json", "attentive.safetensors"] {
            let path = "\(run.path)/baselines/\(name)"
            let intact = try readFile(path)
            var changed = intact
            changed[intact.count / 2] ^= 1
            try publishFile(changed, at: path)
            #expect(throws: FileError.self) { try run.baselines() }
            try publishFile(intact, at: path)
        }
        let again = try RunDirectory(
            creating: run.path, configuration: makeRunConfiguration(), overwrite: true)
        #expect(try again.baselines() == nil)
    }

    @Test func metricsRecordThemAndSayIfTheLinearProbeIsAsGood() throws {
        let outputs = oneTask(["a", "b"])
        let questions = (0..<40).map { $0 % 2 }
        func metrics(modelErrors: Int, probeErrors: Int) throws -> SplitMetrics {
            var result = makeResult(
                outputs, questions.enumerated().map { (0, $1, $0 < modelErrors ? 1 - $1 : $1) })
            var answers = BaselineAnswers()
            answers.add(
                .linear, questions.enumerated().map { $0 < probeErrors ? 1 - $1 : $1 },
                names: ["a probe"])
            result.compare(with: answers)
            let written = try canonicalJSON(
                result.metrics(on: EvaluatedDataset(name: "m", contentHash: "c")))
            let read = try decodeJSON([String: SplitMetrics].self, from: written)
            return try #require(read["default"])
        }
        let equal = try metrics(modelErrors: 4, probeErrors: 4)
        #expect(equal.baselines?.map(\.accuracy) == [0.9])
        #expect(equal.doubt(about: "default")?.contains("does not beat") == true)
        let near = try metrics(modelErrors: 4, probeErrors: 7)
        #expect(near.doubt(about: "color")?.hasPrefix("color: ") == true)
        #expect(near.doubt(about: "default")?.contains("not distinguishable") == true)
        #expect(try metrics(modelErrors: 4, probeErrors: 20).doubt(about: "default") == nil)
    }

    @Test func aSubsetHoldsAllQuestionsAboutItsClips() throws {
        let dataset = CountingDataset(
            clipIndices: [5, 5, 8, 8, 8, 2], labels: [0, 1, 2, 0, 1, 2])
        let subset = dataset.subset(ofClips: 2, seed: 3)
        #expect(subset.numClips == 2)
        #expect(
            subset.count
                == dataset.clipIndices.count { subset.clipIndices.contains($0) })
        for index in 0..<subset.count {
            let clip = subset.clipIndices[index]
            let original = try #require(dataset.clipIndices.firstIndex(of: clip))
            #expect(try subset.features(of: index) == dataset.features(of: original))
            #expect(subset.keys[index] == "clip\(clip)")
        }
        #expect(dataset.subset(ofClips: 9, seed: 3).labels == dataset.labels)
    }

    @Test func theAttentiveProbeReadsFewQuestionsMoreOften() throws {
        func epochs(_ numClips: Int) throws -> Int? {
            let training = MemoryDataset(
                numClips: numClips, numClasses: 3, hiddenSize: 24, seed: 1)
            return try Baselines(training, outputs: oneTask())?.attentive?.training.epochs
        }
        #expect(try epochs(12) == 25)
        #expect(try epochs(240) == 10)
    }

    /// A batch of all questions would leave the probe few updates to learn twenty classes by.
    @Test func theAttentiveProbeLearnsInManyUpdates() throws {
        let training = MemoryDataset(numClips: 240, numClasses: 20, hiddenSize: 24, seed: 1)
        let split = MemoryDataset(numClips: 80, numClasses: 20, hiddenSize: 24, seed: 2)
        let outputs = oneTask((0..<20).map { "class \($0)" })
        let baselines = try #require(try Baselines(training, outputs: outputs))
        let answers = try #require(try baselines.answers(to: split))
        let result = makeResult(outputs, split.labels.map { (0, $0, 0) })
        let scores = try #require(answers.scores(beside: result)["default"])
        #expect(try #require(scores.last { $0.kind == .attentive }).accuracy > 0.9)
    }
}
