import Foundation
import Tensors
import TestSupport
import Testing

@testable import Models

/// The layouts that keep frames apart, beside PyTorch.
@Suite(.serialized)
struct LayoutTests {
    @Test(arguments: LayoutCase.all)
    func agreesWithPyTorchForward(_ test: LayoutCase) throws {
        let reference = try test.reference()
        let classifier = try test.classifier()
        let (tokens, prompts) = (try test.tokens(), try test.prompts())
        let output = RelativeDifference(
            classifier.queryOutput(tokens, prompts: prompts), try reference.all("query_output"))
        #expect(output.maximum < 1e-4, "\(output)")
        let logits = RelativeDifference(
            classifier.logits(tokens, prompts: prompts), try reference.all("logits"))
        #expect(logits.maximum < 1e-4, "\(logits)")
    }

    @Test(arguments: LayoutCase.all)
    func agreesWithAutogradOnEveryGradient(_ test: LayoutCase) throws {
        let reference = try test.reference()
        var classifier = try test.classifier()
        let labels = try test.labels()
        _ = classifier.accumulateGradients(
            try test.tokens(), prompts: try test.prompts(), labels: labels,
            weight: 1 / Float(labels.count))
        for parameter in classifier.store.parameters {
            let gradient = Array(classifier.store.gradients[parameter.range])
            guard parameter.isTrained else {
                #expect(gradient.allSatisfy { $0 == 0 })
                continue
            }
            let expected = try reference.all("grad." + parameter.name)
            if parameter.name.contains("attention.key.bias") {
                #expect(zip(gradient, expected).allSatisfy { abs($0 - $1) < 1e-6 })
                continue
            }
            let difference = RelativeDifference(gradient, expected)
            #expect(difference.maximum < 1e-4, "\(parameter.name): \(difference)")
        }
    }

    @Test(arguments: LayoutCase.all)
    func gradientsWithDropoutAgreeWithFiniteDifferences(_ test: LayoutCase) throws {
        let (labels, tokens, prompts) = (
            try test.labels(), try test.tokens(), try test.prompts()
        )
        let dropout = Dropout(probability: 0.2, seed: 3, step: 4)
        var classifier = try test.classifier()
        func loss(_ classifier: VideoClassifier) -> Double {
            var copy = classifier
            return copy.accumulateGradients(
                tokens, prompts: prompts, labels: labels, weight: 1, dropout: dropout
            ).losses.reduce(0, +)
        }
        _ = classifier.accumulateGradients(
            tokens, prompts: prompts, labels: labels, weight: 1, dropout: dropout)
        for parameter in classifier.store.parameters
        where parameter.isTrained && !parameter.name.contains("key.bias") {
            let place = parameter.range.max { left, right in
                abs(classifier.store.gradients[left]) < abs(classifier.store.gradients[right])
            }
            let index = try #require(place)
            // The loss curves so much that a wider step would not show its slope.
            let step: Float = 1e-3
            var (lower, upper) = (classifier, classifier)
            lower.store.values[index] -= step
            upper.store.values[index] += step
            let slope = (loss(upper) - loss(lower)) / Double(2 * step)
            let gradient = Double(classifier.store.gradients[index])
            #expect(
                abs(slope - gradient) < 0.03 * abs(gradient) + 3e-3,
                "\(parameter.name): \(gradient), finite difference \(slope)")
        }
    }

    @Test(arguments: LayoutCase.all)
    func bitsDoNotDependOnTheNumberOfThreads(_ test: LayoutCase) throws {
        defer { MathThreads.set(ProcessInfo.processInfo.activeProcessorCount) }
        let results = try [1, 2, 3].map { threads in
            MathThreads.set(threads)
            var classifier = try test.classifier()
            _ = classifier.accumulateGradients(
                try test.tokens(), prompts: try test.prompts(), labels: try test.labels(),
                weight: 1, dropout: Dropout(probability: 0.3, seed: 5, step: 9))
            return classifier.store.gradients.map(\.bitPattern)
        }
        #expect(results[0] == results[1] && results[1] == results[2])
    }

    @Test(.enabled(if: Processor.hasBFloat16), arguments: LayoutCase.all)
    func bfloat16KeepsTheLoss(_ test: LayoutCase) throws {
        var classifier = try test.classifier()
        let labels = try test.labels()
        let losses = classifier.accumulateGradients(
            try test.tokens(precision: .bfloat16), prompts: try test.prompts(), labels: labels,
            weight: 1
        ).losses
        let expected = Double(try test.reference().all("loss")[0])
        #expect(abs(losses.reduce(0, +) / Double(labels.count) - expected) < 2e-2)
    }

    /// A frame's queries read no other frame, and nothing of it but through the head.
    @Test func queriesOfAFrameSeeThatFrameOnly() throws {
        let test = LayoutCase.all[0]
        let classifier = try test.classifier()
        let reference = try test.reference()
        var values = try reference.all("frame_embeds")
        func output() throws -> [Float] {
            let times = try reference.all("frame_times")
            let tokens = FrameTokens(
                numClips: 3, tokensPerClip: 12, qformer: test.configuration,
                times: { row in times[row * 4..<row * 4 + 4].map(Double.init) }
            ) { Array(values[$0 * 120..<($0 + 1) * 120]) }
            return classifier.queryOutput(tokens, prompts: try test.prompts())
        }
        let before = try output()
        // The second frame of the first clip.
        for place in 30..<60 { values[place] += 1 }
        let after = try output()
        let changed = (0..<12).filter { group in
            before[group * 36..<(group + 1) * 36] != after[group * 36..<(group + 1) * 36]
        }
        #expect(changed == [1])
    }

    /// The same moments, twice as many frames: each moment has the vector it had.
    @Test func aMomentMeansTheSameAtAnyNumberOfFrames() {
        var store = ParameterStore()
        let layer = TemporalEmbedding(width: 6, in: &store)
        store.initialize(seed: 1)
        #expect(layer.forward([0.3, 2], store).allSatisfy { $0 == 0 })
        let random = CounterRandom(seed: 3, stream: 1)
        store.values = store.values.indices.map { random.normal(UInt64($0)) }
        let few = layer.forward([0, 0.5], store)
        let many = layer.forward([0, 0.25, 0.5, 0.75], store)
        #expect(RelativeDifference(Array(many[0..<6]), Array(few[0..<6])).maximum < 1e-6)
        #expect(RelativeDifference(Array(many[12..<18]), Array(few[6..<12])).maximum < 1e-6)
        #expect(few[0..<6] != few[6..<12])
    }

    @Test func onlyNewLayoutsHaveInitialCrossAttentionByWidth() throws {
        func deviation(_ shape: QFormerConfiguration) throws -> Float {
            let store = VideoClassifier(configuration: shape, numClasses: 2, seed: 1).store
            let name = "qformer.encoder.layer.0.crossattention.attention.value.weight"
            let parameter = try #require(store.parameters.first { $0.name == name })
            let squares = store.values[parameter.range].reduce(0) { $0 + $1 * $1 }
            return (squares / Float(parameter.range.count)).squareRoot()
        }
        var shape = QFormerConfiguration(
            hiddenSize: 96, numHiddenLayers: 1, numAttentionHeads: 4, intermediateSize: 8,
            crossAttentionFrequency: 1, encoderHiddenSize: 100, numQueryTokens: 2)
        #expect(abs(try deviation(shape) - 0.02) < 1e-3)
        shape.frameOrder = FrameOrder(layout: .frames, position: .queries, numFrames: 4)
        #expect(abs(try deviation(shape) - 0.1) < 5e-3)
    }
}
