import Foundation
import Recipes
import Tensors
import TestSupport
import Testing

@testable import Models

@Suite(.serialized)
struct VideoClassifierTests {
    @Test(arguments: GoldenModel.all)
    func agreesWithTransformersForward(_ golden: GoldenModel) throws {
        let reference = try golden.reference()
        let classifier = try golden.classifier()
        let (tokens, prompts) = (try golden.tokens(), try golden.prompts())
        let output = classifier.queryOutput(tokens, prompts: prompts)
        let outputDifference = RelativeDifference(output, try reference.all("query_output"))
        #expect(outputDifference.maximum < 1e-4, "\(outputDifference)")
        let logits = classifier.logits(tokens, prompts: prompts)
        let difference = RelativeDifference(logits, try reference.all("logits"))
        #expect(difference.maximum < 1e-4, "\(difference)")
    }

    @Test(arguments: GoldenModel.all)
    func agreesWithAutogradOnEveryGradient(_ golden: GoldenModel) throws {
        let reference = try golden.reference()
        var classifier = try golden.classifier()
        let labels = try reference.integers("labels")
        let (tokens, prompts) = (try golden.tokens(), try golden.prompts())
        let result = classifier.accumulateGradients(
            tokens, prompts: prompts, labels: labels, weight: 1 / Float(labels.count))
        let loss = result.losses.reduce(0, +) / Double(labels.count)
        #expect(abs(loss - Double(try reference.all("loss")[0])) < 1e-5)
        for parameter in classifier.store.parameters {
            let gradient = Array(classifier.store.gradients[parameter.range])
            if parameter.name.contains("crossattention.attention.key.bias") {
                #expect(gradient.allSatisfy { $0 == 0 })
                continue
            }
            let expected = try reference.all("grad." + parameter.name)
            if parameter.name.contains("attention.key.bias") {
                // Softmax ignores it: the true gradient is zero, the reference holds rounding.
                #expect(zip(gradient, expected).allSatisfy { abs($0 - $1) < 1e-6 })
                continue
            }
            let difference = RelativeDifference(gradient, expected)
            #expect(difference.maximum < 1e-4, "\(parameter.name): \(difference)")
        }
    }

    /// PyTorch's autocast turns the worst gradient of the same models to a cosine of 0.976.
    @Test(.enabled(if: Processor.hasBFloat16), arguments: GoldenModel.all)
    func bfloat16KeepsTheDirectionOfEveryGradient(_ golden: GoldenModel) throws {
        let reference = try golden.reference()
        var classifier = try golden.classifier()
        let labels = try reference.integers("labels")
        let result = classifier.accumulateGradients(
            try golden.tokens(precision: .bfloat16), prompts: try golden.prompts(), labels: labels,
            weight: 1 / Float(labels.count))
        let loss = result.losses.reduce(0, +) / Double(labels.count)
        #expect(abs(loss - Double(try reference.all("loss")[0])) < 5e-3)
        for parameter in classifier.store.parameters
        where !parameter.name.contains("attention.key.bias") {
            let found = Array(classifier.store.gradients[parameter.range])
            let expected = try reference.all("grad." + parameter.name)
            if expected.allSatisfy({ $0 == 0 }) {
                #expect(found == expected)
                continue
            }
            let fidelity = TokenFidelity(found.span, expected.span, width: found.count)
            #expect(fidelity.worst > 0.995, "\(parameter.name): \(fidelity.worst)")
        }
    }

    @Test(arguments: GoldenModel.all)
    func bitsDoNotDependOnTheNumberOfThreads(_ golden: GoldenModel) throws {
        try expectTheSameBits(of: golden, .float32)
        if Processor.hasBFloat16 { try expectTheSameBits(of: golden, .bfloat16) }
    }

    private func expectTheSameBits(
        of golden: GoldenModel, _ precision: TrainingPrecision
    ) throws {
        defer { MathThreads.set(ProcessInfo.processInfo.activeProcessorCount) }
        let results = try [1, 2, 3].map { threads in
            MathThreads.set(threads)
            var classifier = try golden.classifier()
            _ = classifier.accumulateGradients(
                try golden.tokens(precision: precision), prompts: try golden.prompts(),
                labels: try golden.reference().integers("labels"), weight: 1,
                dropout: Dropout(probability: 0.3, seed: 5, step: 9))
            return classifier.store.gradients.map(\.bitPattern)
        }
        #expect(results[0] == results[1] && results[1] == results[2])
    }

    /// Central differences of the loss with dropout on.
    ///
    /// The masks must agree between forward and backward.
    @Test(arguments: [GoldenModel.all[0], GoldenModel.all[2]])
    func gradientsWithDropoutAgreeWithFiniteDifferences(_ golden: GoldenModel) throws {
        let labels = try golden.reference().integers("labels")
        let (tokens, prompts) = (try golden.tokens(), try golden.prompts())
        let dropout = Dropout(probability: 0.2, seed: 3, step: 4)
        let classWeights = [0.5, 2, 1, 1.5, 0.25]
        var classifier = try golden.classifier()
        func loss(_ classifier: VideoClassifier) -> Double {
            var copy = classifier
            return copy.accumulateGradients(
                tokens, prompts: prompts, labels: labels, weight: 1, labelSmoothing: 0.1,
                classWeights: classWeights, dropout: dropout
            ).losses.reduce(0, +)
        }
        _ = classifier.accumulateGradients(
            tokens, prompts: prompts, labels: labels, weight: 1, labelSmoothing: 0.1,
            classWeights: classWeights, dropout: dropout)
        for parameter in classifier.store.parameters
        where !parameter.name.contains("key.bias") {
            let place = parameter.range.max { left, right in
                abs(classifier.store.gradients[left]) < abs(classifier.store.gradients[right])
            }
            let index = try #require(place)
            let step: Float = 1e-2
            var (lower, upper) = (classifier, classifier)
            lower.store.values[index] -= step
            upper.store.values[index] += step
            let slope = (loss(upper) - loss(lower)) / Double(2 * step)
            let gradient = Double(classifier.store.gradients[index])
            #expect(
                abs(slope - gradient) < 0.02 * abs(gradient) + 2e-4,
                "\(parameter.name): \(gradient), finite difference \(slope)")
        }
    }

    @Test func savesAndLoadsEveryParameter() throws {
        let directory = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: directory) }
        let classifier = try GoldenModel.all[0].classifier()
        let file = directory.appendingPathComponent("model.safetensors")
        try writeSafetensors(
            classifier.store.parameters, parts: [("", classifier.store.values)], to: file.path)
        var copy = VideoClassifier(
            configuration: classifier.configuration, numClasses: classifier.numClasses, seed: 7)
        #expect(copy.store.values != classifier.store.values)
        try copy.load(from: SafetensorsFile(path: file.path))
        #expect(copy.store.values == classifier.store.values)
    }

    @Test func namesTheTensorAndBothShapesWhenWeightsDoNotFit() throws {
        let golden = GoldenModel.all[0]
        var configuration = try golden.classifier().configuration
        configuration.hiddenSize = 64
        let shape = configuration
        let error = #expect(throws: ModelError.self) {
            try VideoClassifier(
                qformerOf: try golden.directory(), shape, numClasses: 5, seed: 1)
        }
        let text = try #require(error?.description)
        #expect(text.contains("`query_tokens`") && text.contains("[1, 6, 32]"))
        #expect(text.contains("[1, 6, 64]"))
    }

    @Test(arguments: [1, 2, 3, 64, 65_535])
    func dropoutOfAPartIsAPartOfTheMask(_ start: Int) {
        let dropout = Dropout(probability: 0.3, seed: 1, step: 2)
        var whole = [Float](repeating: 1, count: 131_075)
        dropout.apply(to: &whole, site: 3)
        var part = [Float](repeating: 1, count: 1001)
        var span = part.mutableSpan
        dropout.apply(to: &span, site: 3, from: start)
        #expect(part == Array(whole[start..<start + 1001]))
    }

    /// 256 layers of this size would need terabytes.
    @Test func refusesAbsurdSizesBeforeAllocating() throws {
        let golden = GoldenModel.all[0]
        var shape = try golden.classifier().configuration
        shape.hiddenSize = 1 << 14
        shape.intermediateSize = 1 << 16
        shape.numHiddenLayers = 256
        let absurd = shape
        #expect(throws: ModelError.self) {
            try VideoClassifier(
                qformerOf: try golden.directory(), absurd, numClasses: 5, seed: 1)
        }
        let file = try SafetensorsFile(path: "\(golden.path)/model.safetensors")
        #expect(throws: ModelError.self) {
            try VideoClassifier(configuration: absurd, numClasses: 5, file: file)
        }
    }

    @Test func dropoutKeepsTheMeanAndItsMask() {
        var ones = [Float](repeating: 1, count: 200_001)
        Dropout(probability: 0.1, seed: 1, step: 2).apply(to: &ones, site: 3)
        let mean = ones.reduce(0, +) / Float(ones.count)
        #expect(abs(mean - 1) < 5e-3)
        #expect(Set(ones).count == 2)
        var again = [Float](repeating: 1, count: 200_001)
        Dropout(probability: 0.1, seed: 1, step: 2).apply(to: &again, site: 3)
        #expect(again == ones)
        Dropout(probability: 0.1, seed: 1, step: 3).apply(to: &again, site: 3)
        #expect(again.count { $0 == 0 } > ones.count { $0 == 0 })
    }
}
