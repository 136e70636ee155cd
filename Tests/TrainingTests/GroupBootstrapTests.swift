import Testing

@testable import Training

struct GroupBootstrapTests {
    /// 200 questions of two classes, every fifth group answered wrongly.
    private func interval(questionsPerGroup: Int) -> [Double]? {
        let labels = (0..<200).map { $0 % 2 }
        let groups = (0..<200).map { $0 / questionsPerGroup }
        let predictions = zip(labels, groups).map { $1 % 5 == 0 ? 1 - $0 : $0 }
        return GroupBootstrap(
            labels: labels, predictions: predictions, groups: groups.map { "video\($0)" },
            numClasses: 2
        ).f1WeightedInterval()
    }

    /// A share of 0.8 among 200 has a standard deviation of 0.028, among 20 one of 0.089.
    @Test func windowsOfOneVideoWidenTheInterval() throws {
        let alone = try #require(interval(questionsPerGroup: 1))
        let windows = try #require(interval(questionsPerGroup: 10))
        #expect(abs(alone[1] - alone[0] - 2 * 1.96 * 0.0283) < 0.02)
        #expect(abs(windows[1] - windows[0] - 2 * 1.96 * 0.0894) < 0.06)
        #expect(windows[1] - windows[0] > 2 * (alone[1] - alone[0]))
    }

    @Test func sameQuestionsGiveTheSameInterval() {
        #expect(interval(questionsPerGroup: 4) == interval(questionsPerGroup: 4))
    }

    @Test func oneVideoSaysNothingAboutOthers() {
        #expect(interval(questionsPerGroup: 200) == nil)
        #expect(interval(questionsPerGroup: 100) != nil)
    }

    /// Drawing again from groups that are all right shows no mistake; one more group may bring one.
    @Test func fourVideosThatAreRightAreNoCertainty() {
        for (isRight, expected) in [(true, [0.5101, 1]), (false, [0, 0.4899])] {
            let labels = [0, 1, 0, 1]
            let interval = GroupBootstrap(
                labels: labels, predictions: labels.map { isRight ? $0 : 1 - $0 },
                groups: ["a", "b", "c", "d"], numClasses: 2
            ).f1WeightedInterval()
            #expect(zip(interval ?? [], expected).allSatisfy { abs($0 - $1) < 1e-4 })
            #expect(interval?.count == 2)
        }
    }
}
