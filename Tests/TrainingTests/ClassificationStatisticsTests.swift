import Testing

@testable import Training

struct ClassificationStatisticsTests {
    @Test func allRightIsCertain() {
        let statistics = ClassificationStatistics(
            labels: [0, 1, 0], predictions: [0, 1, 0],
            probabilities: [[1, 0], [0, 1], [1, 0]], numClasses: 2)
        #expect(statistics.accuracyInterval == [1, 1])
        #expect(statistics.f1WeightedInterval == [1, 1])
        #expect(statistics.expectedCalibrationError == 0)
    }

    /// A share of 0.8 among 400 clips has a standard deviation of 0.02.
    @Test func intervalOfAShareIsThatOfTheBinomialDistribution() {
        let labels = [Int](repeating: 0, count: 400)
        let predictions = (0..<400).map { $0 % 5 == 0 ? 1 : 0 }
        let statistics = ClassificationStatistics(
            labels: labels, predictions: predictions,
            probabilities: predictions.map { $0 == 0 ? [0.9, 0.1] : [0.1, 0.9] }, numClasses: 2)
        #expect(abs(statistics.accuracyInterval[0] - 0.761) < 0.008)
        #expect(abs(statistics.accuracyInterval[1] - 0.839) < 0.008)
        #expect(abs(statistics.expectedCalibrationError - 0.1) < 1e-9)
    }

    @Test func sameClipsGiveTheSameIntervals() {
        func make() -> ClassificationStatistics {
            ClassificationStatistics(
                labels: [0, 1, 1, 0, 1], predictions: [0, 1, 0, 0, 1],
                probabilities: Array(repeating: [0.6, 0.4], count: 5), numClasses: 2)
        }
        #expect(make() == make())
    }
}
