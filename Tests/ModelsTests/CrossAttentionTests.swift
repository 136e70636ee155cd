import Foundation
import Tensors
import TestSupport
import Testing

@testable import Models

/// Absorbed cross-attention beside the usual way with keys and values, in Float64.
struct CrossAttentionTests {
    private let shape = QFormerConfiguration(
        hiddenSize: 24, numHiddenLayers: 1, numAttentionHeads: 3, intermediateSize: 8,
        crossAttentionFrequency: 1, encoderHiddenSize: 20, numQueryTokens: 5)

    private func random(_ count: Int, _ stream: UInt64) -> [Float] {
        let random = CounterRandom(seed: 11, stream: stream)
        return (0..<count).map { random.normal(UInt64($0)) }
    }

    private func makeLayer() -> (CrossAttention, ParameterStore) {
        var store = ParameterStore()
        let layer = CrossAttention("a", configuration: shape, site: 0, in: &store)
        store.initialize(seed: 1)
        store.values = random(store.values.count, 1).map { 0.4 * $0 }
        return (layer, store)
    }

    /// softmax(q·Kᵀ/√d)·V with K = X·Wkᵀ + bk and V = X·Wvᵀ + bv.
    private func plainContext(
        _ x: [Float], _ tokens: [Float], numClips: Int, _ store: ParameterStore
    ) -> [Double] {
        func linear(_ input: ArraySlice<Float>, _ name: String) -> [Double] {
            let weight = store.parameters.first { $0.name == "a.\(name).weight" }
            let bias = store.parameters.first { $0.name == "a.\(name).bias" }
            guard let weight, let bias else { return [] }
            let (outputs, inputs) = (weight.shape[0], weight.shape[1])
            return (0..<input.count / inputs).flatMap { row in
                (0..<outputs).map { output in
                    (0..<inputs).reduce(Double(store.values[bias.range.lowerBound + output])) {
                        $0 + Double(input[input.startIndex + row * inputs + $1])
                            * Double(
                                store.values[weight.range.lowerBound + output * inputs + $1])
                    }
                }
            }
        }
        let (width, size, numQueries) = (24, 8, 5)
        let numTokens = tokens.count / (numClips * 20)
        var context: [Double] = []
        for clip in 0..<numClips {
            let q = linear(x[clip * numQueries * width..<(clip + 1) * numQueries * width], "query")
            let own = tokens[clip * numTokens * 20..<(clip + 1) * numTokens * 20]
            let (k, v) = (linear(own, "key"), linear(own, "value"))
            var rows = [Double](repeating: 0, count: numQueries * width)
            for head in 0..<3 {
                for query in 0..<numQueries {
                    let scores = (0..<numTokens).map { token in
                        (head * size..<(head + 1) * size).reduce(0.0) {
                            $0 + q[query * width + $1] * k[token * width + $1]
                        } / Double(size).squareRoot()
                    }
                    let weights = scores.map { exp($0) }
                    let sum = weights.reduce(0, +)
                    for column in head * size..<(head + 1) * size {
                        rows[query * width + column] = (0..<numTokens).reduce(0.0) {
                            $0 + weights[$1] / sum * v[$1 * width + column]
                        }
                    }
                }
            }
            context += rows
        }
        return context
    }

    @Test(arguments: [1, 2, 7])
    func equalsAttentionWithKeysAndValues(_ numTokens: Int) {
        let (layer, store) = makeLayer()
        let x = random(2 * 5 * 24, 2)
        let values = random(2 * numTokens * 20, 3)
        let tokens = FrameTokens(values, numClips: 2, qformer: shape)
        let found = layer.forward(x, tokens: tokens, dropout: nil, store).context
        let expected = plainContext(x, values, numClips: 2, store)
        let difference = RelativeDifference(found, expected.map { Float($0) })
        #expect(difference.maximum < 1e-5, "\(difference)")
    }

    /// Central differences of Σ context · slope, by the plain version in Float64.
    @Test func gradientsAgreeWithFiniteDifferences() {
        var (layer, store) = makeLayer()
        let x = random(2 * 5 * 24, 2)
        let values = random(2 * 6 * 20, 3)
        let slope = random(2 * 5 * 24, 4)
        let tokens = FrameTokens(values, numClips: 2, qformer: shape)
        let cache = layer.forward(x, tokens: tokens, dropout: nil, store).cache
        let dX = layer.backward(
            cache, gradient: slope, tokens: tokens, dropout: nil, &store)
        func value(_ x: [Float], _ store: ParameterStore) -> Double {
            zip(plainContext(x, values, numClips: 2, store), slope).reduce(0) {
                $0 + $1.0 * Double($1.1)
            }
        }
        for index in stride(from: 0, to: x.count, by: 17) {
            var (lower, upper) = (x, x)
            lower[index] -= 1e-2
            upper[index] += 1e-2
            let expected =
                (value(upper, store) - value(lower, store)) / Double(upper[index] - lower[index])
            #expect(abs(Double(dX[index]) - expected) < 2e-3 * max(1, abs(expected)), "x[\(index)]")
        }
        for parameter in store.parameters {
            for index in stride(
                from: parameter.range.lowerBound, to: parameter.range.upperBound, by: 61)
            {
                var (lower, upper) = (store, store)
                lower.values[index] -= 1e-2
                upper.values[index] += 1e-2
                let width = Double(upper.values[index] - lower.values[index])
                let expected = (value(x, upper) - value(x, lower)) / width
                let found = Double(store.gradients[index])
                #expect(
                    abs(found - expected) < 2e-3 * max(1, abs(expected)),
                    "\(parameter.name)[\(index)]: \(found), not \(expected)")
            }
        }
    }
}
