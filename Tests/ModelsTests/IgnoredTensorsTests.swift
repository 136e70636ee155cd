import Foundation
import TestSupport
import Testing

@testable import Models

/// Every tensor of a model is read or ignored for a reason.
struct IgnoredTensorsTests {
    /// A copy of the model in `path` whose weights are `change`d.
    private func withModel(
        _ path: String, _ change: (inout [NamedTensor]) -> Void,
        _ body: (ModelDirectory) throws -> Void
    ) throws {
        let folder = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.copyItem(
            atPath: Fixtures.path("\(path)/config.json"),
            toPath: folder.appendingPathComponent("config.json").path)
        let file = try SafetensorsFile(path: Fixtures.path("\(path)/model.safetensors"))
        var tensors = try file.names.map { name in
            let shape = file.shape(of: name) ?? []
            return NamedTensor(
                name: name, shape: shape, values: try file.tensor(name, shape: shape))
        }
        change(&tensors)
        try Data(makeSafetensors(tensors)).write(
            to: folder.appendingPathComponent("model.safetensors"))
        try body(ModelDirectory.resolve(folder.path))
    }

    private func load(_ model: ModelDirectory, _ part: ModelPart) throws {
        switch part {
        case .encoder: _ = try model.makeVisionTransformer()
        case .qformer:
            _ = try VideoClassifier(
                qformerOf: model, try #require(model.qformer), numClasses: 2, seed: 1)
        }
    }

    @Test(arguments: [
        ("encoders/vit", "encoder.layer.0.attention.attention.query.offset"),
        ("encoders/clip", "encoder.layers.0.self_attn.k_proj.scale"),
        ("encoders/clipfull", "vision_model.encoder.layers.99.mlp.fc1.bias"),
        ("golden/blip2-tiny", "vision_model.encoder.layers.0.self_attn.q_bias2"),
        ("golden/blip2-tiny", "adapter.weight"),
    ])
    func namesAWeightThatTheEncoderWouldMiss(_ path: String, _ name: String) throws {
        let add = { (tensors: inout [NamedTensor]) in
            tensors.append(NamedTensor(name: name, shape: [1], values: [1]))
        }
        try withModel(path, add) { model in
            let error = #expect(throws: ModelError.self) { try load(model, .encoder) }
            guard case .unknownTensors(let names, _)? = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(names == [name])
        }
    }

    @Test(arguments: ["qformer.encoder.layer.0.gate", "query_tokens.bias", "adapter.weight"])
    func namesAWeightThatTheQFormerWouldMiss(_ name: String) throws {
        let add = { (tensors: inout [NamedTensor]) in
            tensors.append(NamedTensor(name: name, shape: [1], values: [1]))
        }
        try withModel("golden/blip2-tiny", add) { model in
            #expect(throws: ModelError.self) { try load(model, .qformer) }
        }
    }

    @Test func ignoresWhatIsKnownAndSaysSo() throws {
        let known = [
            "language_model.model.layers.0.weight", "language_projection.bias", "itm_head.weight",
            "vision_model.embeddings.position_ids", "qformer.embeddings.word_embeddings.weight",
            "qformer.encoder.layer.0.intermediate.dense.weight",
        ]
        let add = { (tensors: inout [NamedTensor]) in
            tensors += known.map { .init(name: $0, shape: [1], values: [1]) }
        }
        try withModel("golden/blip2-tiny", add) { model in
            try load(model, .encoder)
            try load(model, .qformer)
            let encoder = try #require(model.ignoredTensors(beside: .encoder))
            #expect(encoder.contains("2 of the language model"))
            #expect(encoder.contains("of the Q-Former") && !encoder.contains("of the encoder"))
            let qformer = try #require(model.ignoredTensors(beside: .qformer))
            #expect(qformer.contains("of the encoder") && qformer.contains("2 of text that"))
        }
    }

    @Test func saysNothingIfAllIsNeeded() throws {
        #expect(try ModelDirectory.resolve("preset:tiny").ignoredTensors(beside: .encoder) == nil)
    }

    @Test func twoFilesMayNotHoldOneTensor() throws {
        let file = try SafetensorsFile(path: Fixtures.path("encoders/vit/model.safetensors"))
        #expect(throws: ModelError.self) { try WeightFiles([file, file], path: "m") }
    }

    @Test func aRunHoldsItsParametersAndNothingElse() throws {
        let folder = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("a.safetensors").path
        let tensors = ["a", "b"].map {
            NamedTensor(name: $0, shape: [1], values: [1])
        }
        try Data(makeSafetensors(tensors)).write(to: URL(fileURLWithPath: path))
        let file = try SafetensorsFile(path: path)
        try file.requireOnly(["a", "b", "c"])
        #expect(throws: ModelError.unknownTensors(names: ["b"], path: path)) {
            try file.requireOnly(["a"])
        }
    }
}
