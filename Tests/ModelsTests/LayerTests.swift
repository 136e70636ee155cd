import Foundation
import Tensors
import TestSupport
import Testing

@testable import Models

/// Every layer by itself: its output beside a plain Float64 version, and its gradients beside central
/// differences of that version.
@Suite(.serialized)
struct LayerTests {
    let shape = QFormerConfiguration(
        hiddenSize: 24, numHiddenLayers: 1, numAttentionHeads: 3, intermediateSize: 16,
        crossAttentionFrequency: 1, encoderHiddenSize: 20, numQueryTokens: 5,
        text: QFormerConfiguration.Text(vocabularySize: 9, maxPositions: 6))
    private let prefix = "qformer.encoder.layer.0."

    @Test func linear() {
        let (layer, store) = makeStore { Linear("l", inputs: 7, outputs: 5, in: &$0) }
        let found = differences(store, inputs: 6 * 7) {
            $0.linear("l", $1)
        } run: { x, slope, store in
            (layer.forward(x, store), layer.backward(x, gradient: slope, &store))
        }
        #expect(found == [])
    }

    @Test func norm() {
        let (layer, store) = makeStore { Norm("n", width: 11, epsilon: 1e-3, in: &$0) }
        let found = differences(store, inputs: 4 * 11) {
            $0.norm("n", $1, epsilon: 1e-3)
        } run: { x, slope, store in
            let (y, cache) = layer.forward(x, store)
            return (y, layer.backward(cache, gradient: slope, &store))
        }
        #expect(found == [])
    }

    /// With and without prompts, of which one is padded.
    @Test(arguments: [[], [4, 2]])
    func selfAttention(_ textLengths: [Int]) {
        let (layer, store) = makeStore {
            SelfAttention("a", configuration: shape, site: 0, in: &$0)
        }
        let rows = ClipRows(numClips: 2, numQueries: 5, textLengths: textLengths)
        let found = differences(store, inputs: 2 * rows.rowsPerClip * 24) { oracle, x in
            clips(x).enumerated().flatMap { clip, own in
                let length = 5 + (textLengths.isEmpty ? 0 : textLengths[clip])
                return oracle.attention(
                    "a", numHeads: 3, queries: own, tokens: Array(own.prefix(length * 24)))
            }
        } run: { x, slope, store in
            let (y, cache) = layer.forward(x, rows, dropout: nil, store)
            return (y, layer.backward(cache, gradient: slope, rows, dropout: nil, &store))
        }
        #expect(found == [])
    }

    /// The queries of a frame attend to each other and the prompt, the prompt to itself.
    @Test(arguments: [(1, [4, 2]), (2, [4, 2]), (2, [])] as [(Int, [Int])])
    func selfAttentionByFrame(_ numFrames: Int, _ textLengths: [Int]) {
        let (layer, store) = makeStore {
            SelfAttention("a", configuration: shape, site: 0, in: &$0)
        }
        let rows = ClipRows(
            numClips: 2, numQueries: numFrames * 3, textLengths: textLengths, numFrames: numFrames)
        let found = differences(store, inputs: 2 * rows.rowsPerClip * 24) { oracle, x in
            clips(x).enumerated().flatMap { clip, own in
                let text = Array(own.dropFirst(numFrames * 72))
                let known = textLengths.isEmpty ? [] : Array(text.prefix(textLengths[clip] * 24))
                let queries = (0..<numFrames).flatMap { frame in
                    let queries = Array(own[frame * 72..<(frame + 1) * 72])
                    return oracle.attention(
                        "a", numHeads: 3, queries: queries, tokens: queries + known)
                }
                guard !text.isEmpty else { return queries }
                return queries
                    + oracle.attention("a", numHeads: 3, queries: text, tokens: known)
            }
        } run: { x, slope, store in
            let (y, cache) = layer.forward(x, rows, dropout: nil, store)
            return (y, layer.backward(cache, gradient: slope, rows, dropout: nil, &store))
        }
        #expect(found == [])
    }

    /// Three frames of two tokens, standardised, and with a vector of each frame, which is part of the
    /// input here.
    @Test func crossAttentionToStandardizedTokensWithTimes() {
        let (layer, store) = makeStore {
            CrossAttention("a", configuration: shape, site: 0, in: &$0)
        }
        let (values, mean) = (random(2 * 6 * 20, 4), random(20, 5))
        let inverse = random(20, 6).map { 0.5 + abs($0) }
        let tokens = FrameTokens(values, numClips: 2, qformer: shape)
        let numQueries = 2 * 5 * 24
        let found = differences(store, inputs: numQueries + 2 * 3 * 20) { oracle, x in
            clips(Array(x.prefix(numQueries))).enumerated().flatMap { clip, queries in
                let seen = (0..<6 * 20).map { place in
                    let (token, channel) = place.quotientAndRemainder(dividingBy: 20)
                    let value = Double(values[clip * 120 + place]) - Double(mean[channel])
                    return value * Double(inverse[channel])
                        + x[numQueries + (clip * 3 + token / 2) * 20 + channel]
                }
                return oracle.attention("a", numHeads: 3, queries: queries, tokens: seen)
            }
        } run: { x, slope, store in
            let view = TokenView(
                tokens, standardization: .init(mean: mean, inverseDeviation: inverse),
                positions: Array(x.dropFirst(numQueries)))
            let (y, cache) = layer.forward(
                Array(x.prefix(numQueries)), view, dropout: nil, store)
            var dPositions = [Float](repeating: 0, count: 2 * 3 * 20)
            let dX = layer.backward(
                cache, gradient: slope, view, dropout: nil, dPositions: &dPositions, &store)
            return (y, dX + dPositions)
        }
        #expect(found == [])
    }

    /// Clips of 1, 2 and 7 tokens, and one of which some are padding.
    @Test(arguments: [(1, nil), (2, nil), (7, nil), (7, [7, 3])] as [(Int, [Int]?)])
    func crossAttention(_ numTokens: Int, _ lengths: [Int]?) {
        let (layer, store) = makeStore {
            CrossAttention("a", configuration: shape, site: 0, in: &$0)
        }
        let values = random(2 * numTokens * 20, 4)
        let tokens = FrameTokens(values, numClips: 2, qformer: shape, lengths: lengths)
        let found = differences(store, inputs: 2 * 5 * 24) { oracle, x in
            zip(clips(x), clips(values.map { Double($0) })).enumerated().flatMap { clip, pair in
                oracle.attention(
                    "a", numHeads: 3, queries: pair.0,
                    tokens: Array(pair.1.prefix((lengths?[clip] ?? numTokens) * 20)))
            }
        } run: { x, slope, store in
            let view = TokenView(tokens)
            let (y, cache) = layer.forward(x, view, dropout: nil, store)
            var none: [Float] = []
            return (
                y,
                layer.backward(
                    cache, gradient: slope, view, dropout: nil, dPositions: &none, &store)
            )
        }
        #expect(found == [])
    }

    @Test func residualOutput() {
        let (layer, store) = makeStore {
            ResidualOutput("o", inputs: 10, configuration: shape, site: 0, in: &$0)
        }
        let residual = random(3 * 24, 5)
        let found = differences(store, inputs: 3 * 10) {
            $0.residual("o", $1, residual.map { Double($0) }, epsilon: 1e-12)
        } run: { x, slope, store in
            let (y, cache) = layer.forward(x, residual: residual, dropout: nil, store)
            return (y, layer.backward(cache, gradient: slope, dropout: nil, &store).dX)
        }
        #expect(found == [])
    }

    @Test func feedForward() {
        let (layer, store) = makeStore {
            FeedForward(prefix, suffix: "_query", configuration: shape, site: 0, in: &$0)
        }
        let found = differences(store, inputs: 4 * 24) {
            $0.feedForward(prefix, suffix: "_query", $1, epsilon: 1e-12)
        } run: { x, slope, store in
            let (y, cache) = layer.forward(x, dropout: nil, store)
            return (y, layer.backward(cache, gradient: slope, dropout: nil, &store))
        }
        #expect(found == [])
    }

    @Test func classificationHead() {
        let (layer, store) = makeStore { ClassificationHead(shape, numClasses: 4, in: &$0) }
        let found = differences(store, inputs: 2 * 5 * 24) { oracle, x in
            var means = [Double](repeating: 0, count: 2 * 24)
            for (index, value) in x.enumerated() {
                means[index / 120 * 24 + index % 24] += value / 5
            }
            let normal = oracle.norm("classifier.0", means, epsilon: 1e-5)
            return oracle.linear(
                "classifier.4", oracle.gelu(oracle.linear("classifier.1", normal)))
        } run: { x, slope, store in
            let (y, cache) = layer.forward(x, dropout: nil, store)
            return (y, layer.backward(cache, gradient: slope, dropout: nil, &store))
        }
        #expect(found == [])
    }

    /// The parts of a layer in their order, with prompts.
    @Test func wholeLayer() {
        let (layer, store) = makeStore { QFormerLayer(0, configuration: shape, in: &$0) }
        let lengths = [2, 3]
        let rows = ClipRows(numClips: 2, numQueries: 5, textLengths: lengths)
        let values = random(2 * 6 * 20, 4)
        let tokens = FrameTokens(values, numClips: 2, qformer: shape)
        let found = differences(store, inputs: 2 * rows.rowsPerClip * 24) { oracle, x in
            zip(clips(x), clips(values.map { Double($0) })).enumerated().flatMap { clip, pair in
                let (own, frames) = pair
                let known = Array(own.prefix((5 + lengths[clip]) * 24))
                let attended = oracle.residual(
                    prefix + "attention.output",
                    oracle.attention(
                        prefix + "attention.attention", numHeads: 3, queries: own, tokens: known),
                    own, epsilon: 1e-12)
                let (queries, text) = (Array(attended.prefix(120)), Array(attended.dropFirst(120)))
                let crossed = oracle.residual(
                    prefix + "crossattention.output",
                    oracle.attention(
                        prefix + "crossattention.attention", numHeads: 3, queries: queries,
                        tokens: frames),
                    queries, epsilon: 1e-12)
                return oracle.feedForward(prefix, suffix: "_query", crossed, epsilon: 1e-12)
                    + oracle.feedForward(prefix, suffix: "", text, epsilon: 1e-12)
            }
        } run: { x, slope, store in
            let view = TokenView(tokens)
            let (y, cache) = layer.forward(
                x, rows, view, finishesText: true, dropout: nil, store)
            var none: [Float] = []
            let dX = layer.backward(
                cache, gradient: slope, rows, view, dropout: nil, dPositions: &none, &store)
            return (y, dX)
        }
        #expect(found == [])
    }

    /// Embeddings are linear: each gradient is a sum of the rows that used it.
    @Test func textEmbeddings() throws {
        let text = try #require(shape.text)
        var (layer, store) = makeStore {
            TextEmbeddings(text, prefix: "e.", width: 24, in: &$0)
        }
        let prompts = [[3, 4, 3], [0, 8]]
        let rows = layer.forward(prompts, length: 3, store)
        let slope = random(rows.count, 3)
        layer.backward(prompts, length: 3, gradient: slope, &store)
        let gradients = store.gradients
        let words = store.parameters[0].range.lowerBound
        let places = store.parameters[1].range.lowerBound
        for column in 0..<24 {
            func row(_ clip: Int, _ position: Int) -> Float {
                slope[(clip * 3 + position) * 24 + column]
            }
            #expect(
                rows[column] == store.values[words + 72 + column] + store.values[places + column])
            #expect(gradients[words + 3 * 24 + column] == row(0, 0) + row(0, 2))
            #expect(gradients[words + 8 * 24 + column] == row(1, 1))
            #expect(gradients[words + column] == 0, "padding has no gradient")
            #expect(gradients[places + 24 + column] == row(0, 1) + row(1, 1))
            #expect(gradients[places + 2 * 24 + column] == row(0, 2))
        }
    }
}
