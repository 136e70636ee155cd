import Foundation

@testable public import Models

/// A model of `golden/` with the reference values that transformers and PyTorch computed.
public struct GoldenModel: Sendable, CustomStringConvertible {
    /// Folder in `golden/`, such as `blip2-tiny`.
    public let name: String
    /// The name, for the titles of parameterised tests.
    public var description: String { name }

    /// The models without text.
    public static let all = [GoldenModel(name: "blip2-tiny"), GoldenModel(name: "blip2-odd")]

    /// The models whose Q-Former reads text, too.
    public static let withText = [GoldenModel(name: "instructblip-tiny")]

    /// The model directory.
    public func directory() throws -> ModelDirectory {
        try ModelDirectory.resolve(
            Fixtures.path("golden/\(name)"), recorded: nil, modelsDirectory: "models")
    }

    /// The reference values.
    public func reference() throws -> SafetensorsFile {
        try SafetensorsFile(path: Fixtures.path("golden/\(name)/reference.safetensors"))
    }

    /// The classifier with the golden initial weights.
    public func classifier() throws -> VideoClassifier {
        let directory = try directory()
        let head = try SafetensorsFile(path: Fixtures.path("golden/\(name)/classifier.safetensors"))
        let numClasses = try head.shape(of: "classifier.4.bias").unwrapped("a head")[0]
        var classifier = VideoClassifier(
            configuration: try directory.qformer.unwrapped("a Q-Former"), numClasses: numClasses,
            seed: 1)
        try classifier.loadQFormer(from: directory)
        for parameter in classifier.store.parameters where parameter.isHead {
            classifier.store.values.replaceSubrange(
                parameter.range, with: try head.tensor(parameter.name, shape: parameter.shape))
        }
        return classifier
    }

    /// The frame embeddings of the reference, (B, T·L, D).
    public func features() throws -> [Float] { try reference().all("frame_embeds") }
}

extension SafetensorsFile {
    /// The tensor `name` in whatever shape it has.
    public func all(_ name: String) throws -> [Float] {
        try tensor(name, shape: shape(of: name).unwrapped(name))
    }

    /// The int64 tensor `name`.
    public func integers(_ name: String) throws -> [Int] {
        try withStoredBytes(of: name) { data in
            stride(from: 0, to: data.count, by: 8).map { start in
                (0..<8).reduce(0) { $0 | Int(data[data.startIndex + start + $1]) << (8 * $1) }
            }
        }.unwrapped(name)
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
