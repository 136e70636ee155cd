import Foundation
import Synchronization
import Tensors
import TestSupport
import Testing

@testable import Training

@Suite(.serialized)
struct LinearProbeTests {
    /// What scikit-learn fits to standardised inputs, C = 1.
    private struct Golden: Decodable {
        let x: [Float]
        let labels: [Int]
        let weights: [Float]
        let intercepts: [Float]
        let heldOut: [Float]
        let predictions: [Int]
        let loss: Double
    }

    private func golden() throws -> Golden {
        let url = URL(fileURLWithPath: Fixtures.path("baselines/logistic.json"))
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(Golden.self, from: Data(contentsOf: url))
    }

    @Test func fitsTheCoefficientsOfScikitLearn() throws {
        let golden = try golden()
        let solver = LBFGS(maximumSteps: 1000, tolerance: 1e-7)
        let probe = try #require(
            LinearProbe(golden.x, labels: golden.labels, solver: solver))
        for (found, expected) in [
            (probe.regression.weights, golden.weights),
            (probe.regression.intercepts, golden.intercepts),
        ] {
            let difference = RelativeDifference(found, expected)
            #expect(difference.maximum < 1e-4, "\(difference)")
        }
        #expect(probe.predictions(golden.heldOut) == golden.predictions)
    }

    @Test func answersAsScikitLearnDoesWithTheToleranceOfARun() throws {
        let golden = try golden()
        let probe = try #require(LinearProbe(golden.x, labels: golden.labels))
        #expect(probe.predictions(golden.heldOut) == golden.predictions)
    }

    @Test func hasTheSameBitsForAnyNumberOfThreads() throws {
        defer { MathThreads.set(ProcessInfo.processInfo.activeProcessorCount) }
        let random = CounterRandom(seed: 4, stream: 0)
        let x = (0..<700 * 300).map { random.normal(UInt64($0)) }
        let labels = (0..<700).map { $0 * $0 % 7 }
        let probes = [1, 2, 3].map { threads in
            MathThreads.set(threads)
            return LinearProbe(x, labels: labels)
        }
        #expect(probes[0] != nil && probes[0] == probes[1] && probes[1] == probes[2])
    }

    /// An intercept of a class without questions would go to minus infinity.
    @Test func neverAnswersAClassThatItHasNotSeen() throws {
        let x: [Float] = [0, 1, 0, 2, 5, 1, 6, 1]
        let probe = try #require(LinearProbe(x, labels: [7, 7, 3, 3]))
        #expect(probe.classes == [3, 7])
        #expect(probe.predictions([0, 1, 6, 1]) == [7, 3])
        let only = try #require(LinearProbe(x, labels: [2, 2, 2, 2]))
        #expect(only.predictions([9, 9]) == [2])
    }

    @Test func stopsWhenAsked() {
        #expect(LinearProbe([1, 2], labels: [0, 1], isStopped: { true }) == nil)
    }

    @Test func hugeTasksGetNone() {
        #expect(LinearProbe.maximumQuestions(numClasses: 4, width: 384) > 100_000)
        #expect(LinearProbe.maximumQuestions(numClasses: 400, width: 1408) > 7_000)
        #expect(LinearProbe.maximumQuestions(numClasses: 10_000, width: 1408) == 0)
    }

    @Test func readsTheMeanTokenOfEachClipOnce() throws {
        let dataset = CountingDataset(clipIndices: [4, 4, 1, 4], labels: [0, 1, 2, 0])
        let means = try #require(try dataset.meanTokens { false })
        #expect(dataset.reads.withLock { $0.sorted() } == [1, 4])
        #expect(means.count == 4 * 24)
        let expected = try dataset.features(of: 2)
        for channel in 0..<24 {
            let sum = (0..<5).reduce(0.0) { $0 + Double(expected[$1 * 24 + channel]) }
            #expect(abs(Double(means[2 * 24 + channel]) - sum / 5) < 1e-6)
        }
        #expect(means[..<24] == means[24..<48] && means[..<24] == means[72...])
    }
}
