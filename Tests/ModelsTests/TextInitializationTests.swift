import Foundation
import Tensors
import TestSupport
import Testing

@testable import Models

struct TextInitializationTests {
    private let shape = QFormerConfiguration(
        hiddenSize: 8, numHiddenLayers: 3, numAttentionHeads: 2, intermediateSize: 12,
        crossAttentionFrequency: 2, encoderHiddenSize: 10, numQueryTokens: 2,
        text: .init(vocabularySize: 20, maxPositions: 6))

    /// A directory with a BERT of two layers, `width` wide, under the names that begin with `prefix`.
    private func makeBERT(prefix: String, width: Int = 8) throws -> URL {
        let folder = try Fixtures.makeTemporaryDirectory()
        var store = ParameterStore()
        func add(_ name: String, _ shape: [Int]) { _ = store.add(prefix + name, shape) }
        add("embeddings.word_embeddings.weight", [20, width])
        add("embeddings.position_embeddings.weight", [6, width])
        add("embeddings.token_type_embeddings.weight", [2, width])
        for end in ["weight", "bias"] { add("embeddings.LayerNorm.\(end)", [width]) }
        for layer in 0..<2 {
            let name = "encoder.layer.\(layer)."
            for part in ["attention.self.query", "attention.self.key", "attention.self.value"] {
                add("\(name)\(part).weight", [width, width])
                add("\(name)\(part).bias", [width])
            }
            add("\(name)attention.output.dense.weight", [width, width])
            add("\(name)intermediate.dense.weight", [12, width])
            add("\(name)output.dense.weight", [width, 12])
        }
        store.initialize(seed: 1)
        let random = CounterRandom(seed: 7, stream: 1)
        store.values = store.values.indices.map { random.normal(UInt64($0)) }
        try writeSafetensors(
            store.parameters, parts: [("", store.values)],
            to: folder.appendingPathComponent("model.safetensors").path)
        return folder
    }

    private func values(_ name: String, _ model: VideoClassifier) throws -> [Float] {
        let parameter = try #require(model.store.parameters.first { $0.name == name })
        return Array(model.store.values[parameter.range])
    }

    @Test(arguments: ["", "bert."])
    func takesWordsPositionsAndTheirNorm(_ prefix: String) throws {
        let folder = try makeBERT(prefix: prefix)
        defer { try? FileManager.default.removeItem(at: folder) }
        let bert = try TextInitialization(directory: folder.path)
        #expect(bert.text == shape.text && bert.width == 8)
        let file = try SafetensorsFile(path: "\(folder.path)/model.safetensors")
        func stored(_ name: String) throws -> [Float] { try file.all(prefix + name) }
        let before = VideoClassifier(configuration: shape, numClasses: 2, seed: 1)
        var model = before
        try model.start(from: bert, .words)
        #expect(
            try values("qformer.embeddings.word_embeddings.weight", model)
                == stored("embeddings.word_embeddings.weight"))
        #expect(
            try values("qformer.embeddings.layernorm.weight", model)
                == stored("embeddings.LayerNorm.weight"))
        let types = try stored("embeddings.token_type_embeddings.weight")
        let positions = try stored("embeddings.position_embeddings.weight").enumerated().map {
            $1 + types[$0 % 8]
        }
        #expect(try values("qformer.embeddings.position_embeddings.weight", model) == positions)
        let changed = zip(before.store.parameters, model.store.parameters).filter { old, new in
            before.store.values[old.range] != model.store.values[new.range]
        }.map(\.0.name)
        #expect(changed.allSatisfy { $0.hasPrefix("qformer.embeddings.") } && changed.count == 4)
    }

    /// The Q-Former's third layer has no counterpart, and keeps its random weights.
    @Test func takesLayersForQueriesAndTextAsFarAsThereAreSome() throws {
        let folder = try makeBERT(prefix: "")
        defer { try? FileManager.default.removeItem(at: folder) }
        let bert = try TextInitialization(directory: folder.path)
        let file = try SafetensorsFile(path: "\(folder.path)/model.safetensors")
        let before = VideoClassifier(configuration: shape, numClasses: 2, seed: 1)
        var model = before
        try model.start(from: bert, .all)
        let layer = "qformer.encoder.layer.1."
        #expect(
            try values(layer + "attention.attention.key.weight", model)
                == file.all("encoder.layer.1.attention.self.key.weight"))
        for suffix in ["", "_query"] {
            #expect(
                try values(layer + "intermediate\(suffix).dense.weight", model)
                    == file.all("encoder.layer.1.intermediate.dense.weight"))
            #expect(
                try values(layer + "output\(suffix).dense.weight", model)
                    == file.all("encoder.layer.1.output.dense.weight"))
        }
        for name in [
            "qformer.encoder.layer.2.attention.attention.key.weight", "query_tokens",
            "qformer.encoder.layer.0.crossattention.attention.key.weight",
        ] { #expect(try values(name, model) == values(name, before), "\(name)") }
    }

    @Test func refusesADirectoryWithoutWords() throws {
        #expect(throws: ModelError.self) {
            try TextInitialization(directory: Fixtures.path("golden/blip2-tiny"))
        }
    }

    @Test func theVocabularyShipsWithThePrograms() throws {
        let tokenizer = try WordPieceTokenizer(path: BundledVocabulary.path())
        #expect(tokenizer.vocabularySize == BundledVocabulary.size)
        let other = try WordPieceTokenizer(path: Fixtures.path("bert/vocab.txt"))
        #expect(
            tokenizer.encode("which way does it move?", maximumLength: 32)
                == other.encode("which way does it move?", maximumLength: 32))
    }

    /// BLIP-2 for image-text retrieval keeps the embeddings beside the Q-Former, without a norm.
    @Test func readsTheTextBranchOfABLIP2() throws {
        let golden = GoldenModel.all[2]
        let model = try golden.classifier()
        var renamed = ParameterStore()
        for parameter in model.store.parameters where !parameter.isHead {
            var name = parameter.name
            if name.hasPrefix("qformer.embeddings.layernorm") {
                name = name.replacing("embeddings.", with: "")
            } else if name.hasPrefix("qformer.embeddings.") {
                name = name.replacing("qformer.", with: "")
            }
            _ = renamed.add(name, parameter.shape)
            renamed.values += model.store.values[parameter.range]
        }
        let folder = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: folder) }
        try writeSafetensors(
            renamed.parameters, parts: [("", renamed.values)],
            to: folder.appendingPathComponent("model.safetensors").path)
        let config = try Data(contentsOf: URL(fileURLWithPath: "\(golden.path)/config.json"))
        var fields = try #require(
            try JSONSerialization.jsonObject(with: config) as? [String: Any])
        fields["model_type"] = "blip-2"
        var section = try #require(fields["qformer_config"] as? [String: Any])
        section["use_qformer_text_input"] = true
        fields["qformer_config"] = section
        try JSONSerialization.data(withJSONObject: fields).write(
            to: folder.appendingPathComponent("config.json"))
        let directory = try ModelDirectory.resolve(folder.path)
        let shape = try #require(directory.qformer)
        #expect(shape == model.configuration)
        let read = try VideoClassifier(qformerOf: directory, shape, numClasses: 5, seed: 1)
        for parameter in read.store.parameters where !parameter.isHead {
            #expect(
                read.store.values[parameter.range] == model.store.values[parameter.range],
                "\(parameter.name)")
        }
    }
}
