import Foundation
import Recipes
import TestSupport
import Testing

@testable import Models

/// Weights come from strangers: whatever a file holds, the answer is an error or a tensor.
struct SafetensorsTests {
    /// A file of `header` and `payload` bytes; the size in front is that of the header, or `size`.
    private func write(
        _ header: String, payload: Int, size: UInt64? = nil, in folder: URL
    ) throws -> String {
        var bytes = Data()
        withUnsafeBytes(of: (size ?? UInt64(header.utf8.count)).littleEndian) { bytes += $0 }
        bytes += Data(header.utf8) + Data(count: payload)
        let url = folder.appendingPathComponent("model.safetensors")
        try bytes.write(to: url)
        return url.path
    }

    @Test(arguments: [
        // A header larger than the file; offsets outside of it; tensors that overlap; bytes that do
        // not fit the shape; negative and overflowing extents; no JSON.
        (#"{}"#, UInt64?(1 << 40)),
        (#"{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16000]}}"#, nil),
        (#"{"a":{"dtype":"F32","shape":[4],"data_offsets":[16,0]}}"#, nil),
        (
            #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#,
            nil
        ),
        (#"{"a":{"dtype":"F32","shape":[5],"data_offsets":[0,16]}}"#, nil),
        (#"{"a":{"dtype":"F32","shape":[-4,-1],"data_offsets":[0,16]}}"#, nil),
        (#"{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}"#, nil),
        (#"[1,2"#, nil),
        (#"{"a":7}"#, nil),
    ])
    func refusesAMalformedHeader(_ header: String, _ size: UInt64?) throws {
        let folder = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = try write(header, payload: 16, size: size, in: folder)
        let error = #expect(throws: ModelError.self) { try SafetensorsFile(path: path) }
        #expect(error?.description.contains("not a valid safetensors file") == true)
    }

    @Test func namesTheTensorThatCannotBeUsed() throws {
        let folder = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = try write(
            #"{"i":{"dtype":"I64","shape":[2],"data_offsets":[0,16]}}"#, payload: 16, in: folder)
        let file = try SafetensorsFile(path: path)
        #expect(throws: ModelError.self) { try file.tensor("i", shape: [2]) }
        #expect(throws: ModelError.missingTensor(name: "j", path: path, expected: [1])) {
            try file.tensor("j", shape: [1])
        }
        let nan = makeSafetensors([NamedTensor(name: "n", shape: [2], values: [1, .nan])])
        try Data(nan).write(to: URL(fileURLWithPath: path))
        let second = try SafetensorsFile(path: path)
        #expect(throws: ModelError.invalidValues(name: "n", path: path)) {
            try second.tensor("n", shape: [2])
        }
        #expect(
            throws: ModelError.wrongShape(name: "n", path: path, found: [2], expected: [3])
        ) { try second.tensor("n", shape: [3]) }
    }

    /// A thousand headers with a few changed bytes each, taken as an encoder.
    @Test func survivesMutatedHeaders() throws {
        let folder = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: folder) }
        let source = URL(fileURLWithPath: Fixtures.path("encoders/clip"))
        try FileManager.default.copyItem(
            at: source.appendingPathComponent("config.json"),
            to: folder.appendingPathComponent("config.json"))
        let intact = try Data(contentsOf: source.appendingPathComponent("model.safetensors"))
        let headerEnd = 8 + intact.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
        var random = SplitMix64(state: 7)
        var refused = 0
        for _ in 0..<1000 {
            var mutant = intact
            for _ in 0...Int.random(in: 0..<4, using: &random) {
                mutant[Int.random(in: 0..<headerEnd, using: &random)] = UInt8.random(
                    in: 0...255, using: &random)
            }
            try mutant.write(to: folder.appendingPathComponent("model.safetensors"))
            if (try? encoder(in: folder)) == nil { refused += 1 }
        }
        #expect(refused > 800)
    }

    @Test func aFileThatBecomesShorterIsAnError() throws {
        let folder = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = try write(
            #"{"a":{"dtype":"F32","shape":[50000],"data_offsets":[0,200000]}}"#, payload: 200_000,
            in: folder)
        let file = try SafetensorsFile(path: path)
        #expect(try file.tensor("a", shape: [50_000]).count == 50_000)
        #expect(truncate(path, 1000) == 0)
        let error = #expect(throws: ModelError.self) { try file.tensor("a", shape: [50_000]) }
        #expect(error?.description.contains("became shorter") == true)
    }

    @Test(arguments: ["model.safetensors", "config.json", "preprocessor_config.json"])
    func refusesAPipeInsteadOfAFile(_ name: String) throws {
        let folder = try copyOfEncoder("clip")
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent(name).path
        try? FileManager.default.removeItem(atPath: path)
        #expect(mkfifo(path, 0o600) == 0)
        let error = #expect(throws: ModelError.self) { try encoder(in: folder) }
        #expect(error?.description.contains("not a regular file") == true)
    }

    private func copyOfEncoder(_ name: String) throws -> URL {
        let folder = try Fixtures.makeTemporaryDirectory()
        for file in ["config.json", "model.safetensors"] {
            try FileManager.default.copyItem(
                atPath: Fixtures.path("encoders/\(name)/\(file)"),
                toPath: folder.appendingPathComponent(file).path)
        }
        return folder
    }

    @Test(arguments: [
        #"{"resample": 1e300}"#, #"{"resample": 2.5}"#, #"{"resample": -1}"#,
        #"{"image_mean": [1e300, 0, 0]}"#, #"{"image_std": [0, 1, 1]}"#,
        #"{"image_std": [1, 1]}"#, #"{"rescale_factor": 0}"#, #"{"rescale_factor": "1"}"#,
    ])
    func refusesNumbersOfAProcessorThatCannotBe(_ text: String) throws {
        let folder = try copyOfEncoder("clip")
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("preprocessor_config.json")
        try Data(text.utf8).write(to: path)
        let error = #expect(throws: ModelError.self) { try encoder(in: folder) }
        let sentence = try #require(error?.description)
        let name = try #require(text.split(separator: "\"").dropFirst().first)
        #expect(sentence.contains(path.path) && sentence.contains("`\(name)`"))
    }

    private func encoder(in folder: URL) throws(ModelError) -> VisionTransformer {
        try ModelDirectory.resolve(folder.path)
            .makeVisionTransformer()
    }

    @Test(arguments: [
        #"{"model_type":"vit","hidden_size":1e30}"#,
        #"{"model_type":"vit","hidden_size":1048576,"num_attention_heads":1}"#,
        #"{"model_type":"vit","num_hidden_layers":100000}"#,
        #"{"model_type":"vit","image_size":0}"#,
        #"{"model_type":"vit","num_attention_heads":7}"#,
        #"{"model_type":"clip_vision_model","hidden_act":"relu"}"#,
        #"{"model_type":"vit","layer_norm_eps":-1}"#,
        #"{"model_type":"vit","layer_norm_eps":1e300}"#,
        #"{"model_type":"resnet"}"#,
        #"[]"#,
    ])
    func refusesAnAbsurdConfiguration(_ text: String) throws {
        let folder = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data(text.utf8).write(to: folder.appendingPathComponent("config.json"))
        _ = try write("{}", payload: 0, in: folder)
        let error = #expect(throws: ModelError.self) { try encoder(in: folder) }
        #expect(error?.description.contains("config.json") == true)
    }

    @Test func refusesPickledWeightsWithTheRemedy() throws {
        let folder = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data(#"{"model_type":"vit"}"#.utf8).write(
            to: folder.appendingPathComponent("config.json"))
        try Data([0x80]).write(to: folder.appendingPathComponent("pytorch_model.bin"))
        let error = #expect(throws: ModelError.self) {
            try ModelDirectory.resolve(folder.path)
        }
        #expect(error?.description.contains("safetensors.torch.save_file") == true)
    }
}

/// Random numbers that are the same in every run.
///
/// Source: Steele et al., Fast Splittable Pseudorandom Number Generators, 2014.
private struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
