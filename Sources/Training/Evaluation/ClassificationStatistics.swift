import Foundation
import Tensors

/// How sure the figures of an evaluation are, and how well its probabilities are calibrated.
public struct ClassificationStatistics: Sendable, Codable, Equatable {
    /// 95 % bootstrap interval of the accuracy: lower and upper end.
    public let accuracyInterval: [Double]
    /// 95 % bootstrap interval of the weighted F1: lower and upper end.
    public let f1WeightedInterval: [Double]
    /// Expected calibration error over fifteen bins of equal width.
    public let expectedCalibrationError: Double

    /// Resamples the clips `rounds` times, with replacement and seeded.
    ///
    /// Source: Efron, Bootstrap Methods: Another Look at the Jackknife (percentile intervals).
    /// - Precondition: as many labels as predictions and rows of `probabilities`, at least one.
    init(
        labels: [Int], predictions: [Int], probabilities: [[Double]], numClasses: Int,
        rounds: Int = 1000, seed: UInt64 = 42
    ) {
        let random = CounterRandom(seed: seed, stream: 0xB007)
        let count = labels.count
        let scores = mapInParallel(rounds) { round in
            var matrix = [Int](repeating: 0, count: numClasses * numClasses)
            for draw in 0..<count {
                let clip = Int(random.bits(UInt64(round * count + draw)) % UInt64(count))
                matrix[labels[clip] * numClasses + predictions[clip]] += 1
            }
            return Self.scores(ofMatrix: matrix, numClasses: numClasses, total: count)
        }
        accuracyInterval = Self.interval(scores.map(\.accuracy))
        f1WeightedInterval = Self.interval(scores.map(\.f1))
        expectedCalibrationError = Self.calibrationError(
            labels: labels, predictions: predictions, probabilities: probabilities)
    }

    private static func scores(
        ofMatrix matrix: [Int], numClasses: Int, total: Int
    ) -> (accuracy: Double, f1: Double) {
        var (hits, f1) = (0, 0.0)
        for index in 0..<numClasses {
            let own = matrix[index * numClasses + index]
            let support = (0..<numClasses).reduce(0) { $0 + matrix[index * numClasses + $1] }
            let predicted = (0..<numClasses).reduce(0) { $0 + matrix[$1 * numClasses + index] }
            hits += own
            if support + predicted > 0 {
                f1 += 2 * Double(own) / Double(support + predicted) * Double(support)
            }
        }
        return (Double(hits) / Double(total), f1 / Double(total))
    }

    /// The 2.5th and 97.5th percentile, interpolated as NumPy does.
    private static func interval(_ values: [Double]) -> [Double] {
        let sorted = values.sorted()
        return [0.025, 0.975].map { share in
            let place = share * Double(sorted.count - 1)
            let index = min(Int(place), sorted.count - 1)
            let next = min(index + 1, sorted.count - 1)
            return sorted[index] + (place - Double(index)) * (sorted[next] - sorted[index])
        }
    }

    /// Mean distance of confidence and accuracy, weighted by the clips of each bin.
    ///
    /// Source: Guo et al., On Calibration of Modern Neural Networks, equation 3.
    private static func calibrationError(
        labels: [Int], predictions: [Int], probabilities: [[Double]], bins: Int = 15
    ) -> Double {
        var gaps = [Double](repeating: 0, count: bins)
        for (clip, row) in probabilities.enumerated() {
            let confidence = row[predictions[clip]]
            // Bins are open below and closed above.
            let bin = min(max(Int((confidence * Double(bins)).rounded(.up)) - 1, 0), bins - 1)
            gaps[bin] += confidence - (labels[clip] == predictions[clip] ? 1 : 0)
        }
        return gaps.reduce(0) { $0 + abs($1) } / Double(labels.count)
    }
}
