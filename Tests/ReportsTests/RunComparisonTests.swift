import Testing
import Training

@testable import Reports

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
}
