import Foundation

@testable public import Models

/// A model of `golden/` with the reference values that transformers and PyTorch computed.
public struct GoldenModel: Sendable, CustomStringConvertible {
    /// Path of the folder.
    public let path: String
    /// The folder's name, for the titles of parameterised tests.
    public var description: String { URL(fileURLWithPath: path).lastPathComponent }

    /// All models; the third one's Q-Former reads text, too.
    ///
    /// `VBPREP_GOLDEN` may name a folder outside of the fixtures as one more, such as a model of
    /// full size.
    public static let all =
        ["blip2-tiny", "blip2-odd", "instructblip-tiny"].map {
            GoldenModel(path: Fixtures.path("golden/\($0)"))
        }
        + [ProcessInfo.processInfo.environment["VBPREP_GOLDEN"]].compactMap { $0 }.map {
            GoldenModel(path: $0)
        }

    /// The model directory.
    public func directory() throws -> ModelDirectory {
        try ModelDirectory.resolve(
            path)
    }

    /// The reference values.
    public func reference() throws -> SafetensorsFile {
        try SafetensorsFile(path: "\(path)/reference.safetensors")
    }

    /// The classifier with the golden initial weights.
    public func classifier() throws -> VideoClassifier {
        let directory = try directory()
        let head = try SafetensorsFile(path: "\(path)/classifier.safetensors")
        let numClasses = try head.shape(of: "classifier.4.bias").unwrapped("a head")[0]
        var classifier = try VideoClassifier(
            qformerOf: directory, directory.qformer.unwrapped("a Q-Former"),
            numClasses: numClasses, seed: 1)
        for parameter in classifier.store.parameters where parameter.isHead {
            classifier.store.values.replaceSubrange(
                parameter.range, with: try head.tensor(parameter.name, shape: parameter.shape))
        }
        return classifier
    }

    /// The frame embeddings of the reference, (B, T·L, D).
    public func tokens(precision: TrainingPrecision = .float32) throws -> FrameTokens {
        let reference = try reference()
        let shape = try reference.shape(of: "frame_embeds").unwrapped("frame_embeds")
        return FrameTokens(
            try reference.all("frame_embeds"), numClips: shape[0],
            qformer: try directory().qformer.unwrapped("a Q-Former"), precision: precision)
    }

    /// The token ids of each clip's prompt, without padding; empty if the model reads no text.
    public func prompts() throws -> [[Int]] {
        let reference = try reference()
        guard reference.shape(of: "qformer_input_ids") != nil else { return [] }
        return try reference.prompts("qformer_input_ids", mask: "qformer_attention_mask")
    }
}

extension SafetensorsFile {
    /// The tensor `name` in whatever shape it has.
    public func all(_ name: String) throws -> [Float] {
        try tensor(name, shape: shape(of: name).unwrapped(name))
    }

    /// The int64 tensor `name`.
    public func integers(_ name: String) throws -> [Int] {
        let bytes = try storedBytes(of: name).unwrapped(name)
        return stride(from: 0, to: bytes.count, by: 8).map { start in
            (0..<8).reduce(0) { $0 | Int(bytes[start + $1]) << (8 * $1) }
        }
    }
}

/// Something that a fixture should hold and does not.
struct MissingFixture: Error {
    let name: String
}

extension Optional {
    fileprivate func unwrapped(_ name: String) throws -> Wrapped {
        guard let self else { throw MissingFixture(name: name) }
        return self
    }
}
