import Recipes
import Testing

@testable import Reports
@testable import Training

struct RunComparisonTests {
    /// What runs make of four clips, of which the first two are round and square.
    private func comparison(
        _ answers: [[(prediction: Int, confidence: Double)]]
    ) throws -> RunComparison {
        let stored = try StoredRun(videos: (0..<4).map { "\($0).mp4" })
        defer { stored.remove() }
        let runs = try answers.enumerated().map { number, answers in
            try stored.run("run\(number)", questionsPerClip: 1) { clip, _ in answers[clip] }
        }
        return try RunComparison(runs)
    }

    @Test func aLabelThatAllRunsContradictIsToBeChecked() throws {
        let found = try comparison([
            [(1, 0.95), (0, 0.85), (1, 0.95), (1, 0.9)],
            [(1, 0.95), (0, 0.99), (1, 0.6), (1, 0.9)],
        ])
        #expect(found.contradictions.map { found.clips[$0.clip].video } == ["0.mp4", "1.mp4"])
        #expect(found.disagreements.isEmpty)
    }

    @Test func whereRunsDifferTheLabelIsNotInDoubt() throws {
        let found = try comparison([
            [(1, 0.95), (1, 0.9), (0, 0.9), (1, 0.9)], [(0, 0.95), (1, 0.9), (0, 0.9), (1, 0.9)],
        ])
        #expect(found.contradictions.isEmpty)
        #expect(found.disagreements.map { found.clips[$0.clip].video } == ["0.mp4"])
    }

    private func store(_ numClips: Int, group: String = "") throws -> StoredRun {
        try StoredRun(videos: (0..<numClips).map { "\($0).mp4" }, group: group)
    }

    @Test func theSurestContradictionsComeFirst() throws {
        let found = try comparison([
            [(1, 0.85), (0, 0.99), (1, 0.9), (1, 0.9)], [(1, 0.95), (0, 0.98), (1, 0.9), (1, 0.9)],
        ])
        #expect(
            found.contradictions.map { found.clips[$0.clip].video } == ["1.mp4", "2.mp4", "0.mp4"])
    }

    @Test func theFirstRunIsWhatOthersAreBetterOrWorseThan() throws {
        let stored = try store(4)
        defer { stored.remove() }
        let first = try stored.run("first") { clip, task in (clip < 1 ? clip : 1, 0.9) }
        let second = try stored.run("second") { clip, task in (clip % (task + 2), 0.9) }
        let found = try RunComparison([first, second])
        #expect(found.tasks.map(\.task) == ["shape", "color"])
        // Of shape the first run has the third clip wrong, of color the last two.
        #expect(found.tasks.map(\.accuracy) == [[0.75, 1], [0.5, 1]])
        let paired = try found.tasks.map { try #require($0.paired[0]) }
        #expect(paired.map(\.questions) == [4, 4])
        #expect(paired.map(\.difference) == [0.25, 0.5])
        #expect(paired.map(\.onlySecond) == [1, 2] && paired.map(\.onlyFirst) == [0, 0])
    }

    @Test func questionsWithAnotherRightAnswerAreNotComparedNorContradicted() throws {
        let stored = try store(4)
        defer { stored.remove() }
        let runs = try [[], [0]].map { relabelled in
            try stored.run(
                "run\(relabelled.count)", questionsPerClip: 1, relabelled: Set(relabelled)
            ) { clip, _ in (clip == 0 ? 1 : clip % 2, 0.9) }
        }
        let found = try RunComparison(runs)
        #expect(found.tasks[0].paired[0]?.questions == 3)
        #expect(found.contradictions.isEmpty)
    }

    @Test func whatOneRunWasNotAskedIsNoDisagreementOrContradiction() throws {
        let stored = try store(4)
        defer { stored.remove() }
        let both = try stored.run("both", questionsPerClip: 2) { clip, task in
            (task == 0 ? clip % 2 : (clip + 1) % 3, 0.95)
        }
        let shape = try stored.run("shape", questionsPerClip: 1) { clip, _ in (clip % 2, 0.95) }
        let found = try RunComparison([both, shape])
        #expect(found.contradictions.isEmpty && found.disagreements.isEmpty)
        #expect(found.tasks[1].accuracy == [0, nil] && found.tasks[1].paired[0] == nil)
    }

    /// A bootstrap needs two groups.
    @Test func questionsOfOneGroupGiveNoInterval() throws {
        for (group, hasInterval) in [("", true), ("one", false)] {
            let stored = try store(4, group: group)
            defer { stored.remove() }
            let runs = try ["a", "b"].map { name in
                try stored.run(name) { clip, _ in (name == "a" ? 0 : clip % 2, 0.9) }
            }
            let paired = try #require(try RunComparison(runs).tasks[0].paired[0])
            #expect((paired.interval != nil) == hasInterval)
        }
    }

    @Test func comparesTheSplitThatAllRunsWereEvaluatedOn() throws {
        let stored = try store(4)
        defer { stored.remove() }
        func run(_ name: String, _ split: Split) throws -> RunDirectory {
            try stored.run(name, split: split) { clip, task in (clip % (task + 2), 0.9) }
        }
        let tested = try run("tested", .test)
        #expect(try RunComparison([tested, run("too", .test)]).split == .test)
        let validated = try run("validated", .validation)
        #expect(throws: ReportError.self) { try RunComparison([tested, validated]) }
    }

    @Test func listsSettingsThatDifferAndDrawsTheCurveOfEachRun() throws {
        let stored = try store(4)
        defer { stored.remove() }
        let runs = try [UInt64(1), 2].map { seed in
            var options = TrainOptions()
            options.seed = seed
            let run = try stored.run("seed\(seed)", options: options) { _, _ in (0, 0.9) }
            try run.appendLog(
                LogLine(
                    step: 10, epoch: 1, loss: Double(seed), learningRate: 1e-4, gradNorm: 1,
                    clipsPerSecond: 1, dataWait: 0))
            return run
        }
        let found = try RunComparison(runs)
        #expect(found.differences.map(\.name) == ["options.seed"])
        #expect(found.differences.map(\.values) == [["1", "2"]])
        let loss = try #require(found.curves.first { $0.title == "Loss, training" })
        #expect(loss.series.map(\.name) == ["seed1", "seed2"])
        #expect(loss.series.map(\.points) == [[[10, 1]], [[10, 2]]])
        #expect(found.curves.contains { $0.title == "Learning rate" })
    }
}
