import Foundation

@testable public import Models

/// A case of `Fixtures/layouts`: a Q-Former that keeps frames apart, with PyTorch's values.
public struct LayoutCase: Sendable, CustomStringConvertible {
    /// The file's name, for the titles of parameterised tests.
    public let description: String
    /// Shape of the Q-Former.
    public let configuration: QFormerConfiguration

    private init(
        _ name: String, _ layout: FrameLayout, _ position: TemporalPosition, readsText: Bool,
        standardizes: Bool
    ) {
        description = name
        configuration = QFormerConfiguration(
            hiddenSize: 12, numHiddenLayers: 3, numAttentionHeads: 2, intermediateSize: 48,
            crossAttentionFrequency: 2, encoderHiddenSize: 10, numQueryTokens: 3,
            text: readsText ? .init(vocabularySize: 30, maxPositions: 8) : nil,
            frameOrder: FrameOrder(layout: layout, position: position, numFrames: 4),
            standardization: standardizes ? .channel : nil)
    }

    /// All cases.
    public static let all = [
        LayoutCase("frames", .frames, .queries, readsText: true, standardizes: true),
        LayoutCase("frames-outputs", .frames, .outputs, readsText: false, standardizes: false),
        LayoutCase("bound", .bound, .queries, readsText: true, standardizes: false),
        LayoutCase("joint-tokens", .joint, .tokens, readsText: true, standardizes: true),
    ]

    /// The reference values.
    public func reference() throws -> SafetensorsFile {
        try SafetensorsFile(path: Fixtures.path("layouts/\(description).safetensors"))
    }

    /// The classifier with the reference's initial weights.
    public func classifier() throws -> VideoClassifier {
        let reference = try reference()
        var classifier = VideoClassifier(configuration: configuration, numClasses: 4, seed: 1)
        for parameter in classifier.store.parameters {
            let values = try reference.tensor(
                "initial." + parameter.name, shape: parameter.shape)
            classifier.store.values.replaceSubrange(parameter.range, with: values)
        }
        return classifier
    }

    /// The batch's labels.
    public func labels() throws -> [Int] { try reference().integers("labels") }

    /// The batch's frame tokens, with their times; `reversed`, the frames come in reverse order.
    public func tokens(
        precision: TrainingPrecision = .float32, reversed: Bool = false
    ) throws -> FrameTokens {
        let reference = try reference()
        let (values, times) = (
            try reference.all("frame_embeds"), try reference.all("frame_times")
        )
        return FrameTokens(
            numClips: 3, tokensPerClip: 12, qformer: configuration, precision: precision,
            times: { row in
                let times = times[row * 4..<row * 4 + 4].map(Double.init)
                return reversed ? times.reversed() : times
            }
        ) { row in
            let frames = (0..<4).map { values[row * 120 + $0 * 30..<row * 120 + $0 * 30 + 30] }
            return (reversed ? frames.reversed() : frames).flatMap(\.self)
        }
    }

    /// The token ids of each clip's prompt, without padding; empty if the model reads no text.
    public func prompts() throws -> [[Int]] {
        guard configuration.text != nil else { return [] }
        return try reference().prompts("input_ids", mask: "attention_mask")
    }
}

extension SafetensorsFile {
    /// Rows of token ids, without what the tensor `mask` hides.
    func prompts(_ name: String, mask: String) throws -> [[Int]] {
        let (ids, mask) = (try integers(name), try integers(mask))
        let length = shape(of: name)?.last ?? 1
        return (0..<ids.count / length).map { clip in
            (clip * length..<(clip + 1) * length).filter { mask[$0] == 1 }.map { ids[$0] }
        }
    }
}
