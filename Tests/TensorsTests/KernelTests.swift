import Foundation
import Testing

@testable import Tensors

struct KernelTests {
    @Test func softmaxEqualsItsDefinition() {
        for width in [1, 3, 8, 17, 257] {
            let x = makeValues(4 * width).map { 30 * $0 }
            var y = x
            var span = y.mutableSpan
            softmaxRows(&span, width: width)
            for row in 0..<4 {
                let range = row * width..<(row + 1) * width
                let expected = probabilities(ofLogits: x[range])
                for (index, value) in zip(range, expected) {
                    #expect(abs(Double(y[index]) - value) < 2e-7 + 1e-6 * value)
                }
            }
        }
    }

    @Test func geluEqualsTheErrorFunction() {
        let x = (-4000...4000).map { Float($0) / 500 }
        var y = x
        var span = y.mutableSpan
        gelu(&span)
        for (value, found) in zip(x, y) {
            let exact = 0.5 * Double(value) * erfc(-Double(value) / 2.0.squareRoot())
            #expect(abs(Double(found) - exact) < 4e-7 * max(1, abs(Double(value))))
        }
    }

    @Test func geluBackwardIsTheSlope() {
        let x = makeValues(100).map { 4 * $0 }
        var gradient = [Float](repeating: 1, count: x.count)
        var span = gradient.mutableSpan
        geluBackward(x.span, gradient: &span)
        func exact(_ value: Double) -> Double { 0.5 * value * erfc(-value / 2.0.squareRoot()) }
        for (value, slope) in zip(x, gradient) {
            let expected = (exact(Double(value) + 1e-5) - exact(Double(value) - 1e-5)) / 2e-5
            #expect(abs(Double(slope) - expected) < 2e-6)
        }
    }

    @Test(arguments: [1, 7, 48, 384])
    func layerNormEqualsItsDefinition(_ width: Int) {
        let x = makeValues(5 * width).map { 3 * $0 + 1 }
        let (weight, bias) = (makeValues(width, seed: 4), makeValues(width, seed: 5))
        var y = x
        var statistics = [Float](repeating: 0, count: 10)
        var ySpan = y.mutableSpan
        var statisticsSpan = statistics.mutableSpan
        layerNorm(
            x.span, weight: weight.span, bias: bias.span, epsilon: 1e-6, into: &ySpan,
            statistics: &statisticsSpan)
        for row in 0..<5 {
            let values = x[row * width..<(row + 1) * width].map(Double.init)
            let mean = values.reduce(0, +) / Double(width)
            let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(width)
            for column in 0..<width {
                let normal = (values[column] - mean) / (variance + 1e-6).squareRoot()
                let expected = normal * Double(weight[column]) + Double(bias[column])
                #expect(abs(Double(y[row * width + column]) - expected) < 1e-5)
            }
        }
    }

    @Test func crossEntropyAgreesWithFiniteDifferences() {
        let logits = makeValues(12).map { 3 * $0 }
        let labels = [2, 0, 3]
        func loss(_ logits: [Float]) -> Double {
            var gradient = logits
            var span = gradient.mutableSpan
            return crossEntropy(
                logits: logits.span, labels: labels, labelSmoothing: 0.1, weight: 1, gradient: &span
            ).reduce(0, +)
        }
        var gradient = logits
        var span = gradient.mutableSpan
        _ = crossEntropy(
            logits: logits.span, labels: labels, labelSmoothing: 0.1, weight: 1, gradient: &span)
        for index in logits.indices {
            var (lower, upper) = (logits, logits)
            lower[index] -= 1e-2
            upper[index] += 1e-2
            let slope = (loss(upper) - loss(lower)) / Double(upper[index] - lower[index])
            #expect(abs(slope - Double(gradient[index])) < 1e-4)
        }
    }

    /// Expected values by PyTorch 2.15, `cross_entropy(weight:, label_smoothing: 0.2)`.
    @Test func crossEntropyWeighsClassesAsPyTorchDoes() {
        let logits: [Float] = [1, -2, 0.5, 0, 3, -1]
        var gradient = logits
        var span = gradient.mutableSpan
        let losses = crossEntropy(
            logits: logits.span, labels: [2, 1], labelSmoothing: 0.2,
            classWeights: [0.5, 2, 1.5], weight: 1, gradient: &span)
        let expected: [Float] = [
            0.852_165_1, -0.089_246_97, -0.762_918_1, 0.053_676_9, 0.014_313_8, -0.067_990_74,
        ]
        #expect(abs(losses[0] - 1.790_075_54) < 1e-6 && abs(losses[1] - 0.622_983_4) < 1e-6)
        #expect(zip(gradient, expected).allSatisfy { abs($0 - $1) < 1e-6 })
    }

    @Test func everyHalfConvertsExactlyAndBack() {
        let half = (0...UInt16.max).map { $0 }
        var values = [Float](repeating: 0, count: half.count)
        var valuesSpan = values.mutableSpan
        halfToFloat(half.span, into: &valuesSpan)
        var back = [UInt16](repeating: 0, count: half.count)
        var backSpan = back.mutableSpan
        #expect(floatToHalf(values.span, into: &backSpan) == 0)
        for (pattern, value) in zip(half, values) {
            if pattern & 0x7FFF > 0x7C00 {
                #expect(value.isNaN && back[Int(pattern)] & 0x7FFF > 0x7C00)
            } else {
                #expect(back[Int(pattern)] == pattern)
            }
        }
        #expect(values[0x3C00] == 1 && values[0x0001] == 0x1p-24 && values[0xFBFF] == -65504)
    }

    @Test func halvesRoundToNearestEvenAndReportOverflow() {
        let values: [Float] = [
            1 + 0x1p-11, 1 + 3 * 0x1p-11, 0x1p-25, 3 * 0x1p-26, 65519, 65520, -1e9, .infinity,
        ]
        var half = [UInt16](repeating: 0, count: values.count)
        var span = half.mutableSpan
        #expect(floatToHalf(values.span, into: &span) == 2)
        #expect(half == [0x3C00, 0x3C02, 0, 1, 0x7BFF, 0x7C00, 0xFC00, 0x7C00])
    }

    @Test func counterRandomIsUniformAndNormal() {
        let random = CounterRandom(seed: 1, stream: 2)
        let uniform = (0..<100_000).map { Double(random.uniform($0)) }
        #expect(uniform.allSatisfy { $0 >= 0 && $0 < 1 })
        #expect(abs(uniform.reduce(0, +) / 100_000 - 0.5) < 0.01)
        let normal = (0..<100_000).map { Double(random.normal($0)) }
        let variance = normal.reduce(0) { $0 + $1 * $1 } / 100_000
        #expect(abs(normal.reduce(0, +) / 100_000) < 0.02 && abs(variance - 1) < 0.03)
        #expect(CounterRandom(seed: 1, stream: 3).bits(0) != random.bits(0))
    }
}
