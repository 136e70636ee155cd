import Testing

@testable import Training

struct ClassificationStatisticsTests {
    @Test func oneRightAnswerIsNoCertainty() {
        let statistics = ClassificationStatistics(
            labels: [0], predictions: [0], confidences: [1], groups: ["v"], numClasses: 2)
        #expect(statistics.groups == 1)
        #expect(abs(statistics.accuracyInterval[0] - 0.2065) < 1e-4)
        #expect(statistics.accuracyInterval[1] == 1)
        #expect(statistics.f1WeightedInterval == nil)
        #expect(statistics.expectedCalibrationError == 0)
    }

    @Test func confidenceBeyondTheShareOfRightAnswersIsAnError() {
        let predictions = (0..<400).map { $0 % 5 == 0 ? 1 : 0 }
        let statistics = ClassificationStatistics(
            labels: Array(repeating: 0, count: 400), predictions: predictions,
            confidences: Array(repeating: 0.9, count: 400), groups: (0..<400).map { "v\($0)" },
            numClasses: 2)
        #expect(abs(statistics.expectedCalibrationError - 0.1) < 1e-9)
        #expect(statistics.groups == 400)
        #expect(abs(statistics.accuracyInterval[0] - 0.75803) < 1e-5)
    }
}
