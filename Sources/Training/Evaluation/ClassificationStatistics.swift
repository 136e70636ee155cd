/// How certain the figures of an evaluation are, and how well its probabilities are calibrated.
public struct ClassificationStatistics: Sendable, Codable, Equatable {
    /// Groups, such as source videos, that the questions come from.
    public let groups: Int
    /// 95 % interval of the accuracy, by Wilson's formula: lower and upper end.
    public let accuracyInterval: [Double]
    /// 95 % interval of the weighted F1, by a bootstrap over groups: lower and upper end.
    ///
    /// `nil` with fewer than two groups, which say nothing about others.
    public let f1WeightedInterval: [Double]?
    /// Expected calibration error over fifteen bins of equal width.
    public let expectedCalibrationError: Double

    /// - Precondition: as many labels as predictions, confidences and groups, at least one.
    init(
        labels: [Int], predictions: [Int], confidences: [Double], groups: [String], numClasses: Int
    ) {
        let hits = zip(labels, predictions).count { $0 == $1 }
        accuracyInterval = wilsonInterval(hits: hits, total: labels.count)
        let bootstrap = GroupBootstrap(
            labels: labels, predictions: predictions, groups: groups, numClasses: numClasses)
        self.groups = bootstrap.count
        f1WeightedInterval = bootstrap.f1WeightedInterval()
        expectedCalibrationError = Self.calibrationError(
            labels: labels, predictions: predictions, confidences: confidences)
    }

    /// Mean distance of confidence and accuracy, weighted by the questions of each bin.
    ///
    /// Source: Guo et al., On Calibration of Modern Neural Networks (2017), equation 3.
    private static func calibrationError(
        labels: [Int], predictions: [Int], confidences: [Double], bins: Int = 15
    ) -> Double {
        var gaps = [Double](repeating: 0, count: bins)
        for (question, confidence) in confidences.enumerated() {
            // Bins are open below and closed above.
            let place = (confidence * Double(bins)).rounded(.up)
            let bin = place > 1 ? min(Int(place) - 1, bins - 1) : 0
            gaps[bin] += confidence - (labels[question] == predictions[question] ? 1 : 0)
        }
        return gaps.reduce(0) { $0 + abs($1) } / Double(labels.count)
    }
}
