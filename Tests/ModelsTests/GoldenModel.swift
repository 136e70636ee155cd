import Foundation
import TestSupport
import Testing

@testable import Models

/// A model of `golden/` with the reference values that transformers and PyTorch computed.
struct GoldenModel: Sendable, CustomTestStringConvertible {
    let name: String
    var testDescription: String { name }

    static let all = [GoldenModel(name: "blip2-tiny"), GoldenModel(name: "blip2-odd")]

    func directory() throws -> ModelDirectory {
        try ModelDirectory.resolve(
            Fixtures.path("golden/\(name)"), recorded: nil, modelsDirectory: "models")
    }

    func reference() throws -> SafetensorsFile {
        try SafetensorsFile(path: Fixtures.path("golden/\(name)/reference.safetensors"))
    }

    /// The classifier with the golden initial weights.
    func classifier() throws -> VideoClassifier {
        let directory = try directory()
        let head = try SafetensorsFile(path: Fixtures.path("golden/\(name)/classifier.safetensors"))
        let numClasses = try #require(head.shape(of: "classifier.4.bias")?.first)
        var classifier = VideoClassifier(
            configuration: try #require(directory.qformer), numClasses: numClasses, seed: 1)
        try classifier.loadQFormer(from: directory)
        for parameter in classifier.store.parameters where parameter.isHead {
            classifier.store.values.replaceSubrange(
                parameter.range, with: try head.tensor(parameter.name, shape: parameter.shape))
        }
        return classifier
    }

    /// The frame embeddings of the reference, (B, T·L, D).
    func features() throws -> [Float] { try reference().all("frame_embeds") }
}

extension SafetensorsFile {
    /// The tensor `name` in whatever shape it has.
    func all(_ name: String) throws -> [Float] {
        try tensor(name, shape: try #require(shape(of: name)))
    }

    /// The int64 tensor `name`.
    func integers(_ name: String) throws -> [Int] {
        try #require(
            withStoredBytes(of: name) { data in
                stride(from: 0, to: data.count, by: 8).map { start in
                    (0..<8).reduce(0) { $0 | Int(data[data.startIndex + start + $1]) << (8 * $1) }
                }
            })
    }
}
