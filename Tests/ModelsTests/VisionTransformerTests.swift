import Foundation
import Recipes
import Tensors
import TestSupport
import Testing

@testable import Models

@Suite(.serialized)
struct VisionTransformerTests {
    private func encode(
        _ transformer: VisionTransformer, _ pixels: [Float], numFrames: Int
    ) -> [Float] {
        var features = [Float](
            repeating: .nan, count: numFrames * transformer.numTokens * transformer.hiddenSize)
        var span = features.mutableSpan
        transformer.encode(pixelValues: pixels.span, numFrames: numFrames, into: &span)
        return features
    }

    @Test(arguments: GoldenModel.all)
    func agreesWithBlip2VisionModel(_ golden: GoldenModel) throws {
        let reference = try golden.reference()
        let transformer = try golden.directory().makeVisionTransformer()
        let shape = try #require(reference.shape(of: "pixel_values"))
        let pixels = try reference.all("pixel_values")
        let (clips, frames, plane) = (shape[0], shape[2], shape[3] * shape[4])
        // (B, C, T, H, W) to (B·T, C, H, W).
        var input: [Float] = []
        for clip in 0..<clips {
            for frame in 0..<frames {
                for channel in 0..<3 {
                    let start = ((clip * 3 + channel) * frames + frame) * plane
                    input += pixels[start..<start + plane]
                }
            }
        }
        let features = encode(transformer, input, numFrames: clips * frames)
        let difference = RelativeDifference(features, try reference.all("frame_embeds"))
        #expect(difference.maximum < 1e-4, "\(difference)")
    }

    @Test func agreesWithDinov2ModelOnRealWeights() throws {
        let model = try ModelDirectory.resolve(
            Fixtures.package.appendingPathComponent("models/vit-small-14").path)
        let reference = try SafetensorsFile(
            path: Fixtures.path("encoder/vit-small-14-reference.safetensors"))
        let features = encode(
            try model.makeVisionTransformer(), try reference.all("pixel_values"), numFrames: 1)
        let difference = RelativeDifference(features, try reference.all("last_hidden_state"))
        #expect(difference.maximum < 1e-4, "\(difference)")
    }

    @Test func readsTheNamesOfLAVIS() throws {
        let golden = GoldenModel.all[0]
        let folder = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.copyItem(
            atPath: "\(golden.path)/config.json",
            toPath: folder.appendingPathComponent("config.json").path)
        let weights = try SafetensorsFile(
            path: "\(golden.path)/model.safetensors")
        let names = weights.names.filter { $0.hasPrefix("vision_model.") }
        let renamed = try names.map { name in
            NamedTensor(
                name: lavisName(name), shape: try #require(weights.shape(of: name)),
                values: try weights.all(name))
        }
        try Data(makeSafetensors(renamed)).write(
            to: folder.appendingPathComponent("model.safetensors"))
        let model = try ModelDirectory.resolve(
            folder.path)
        let pixels = Array(try golden.reference().all("pixel_values").prefix(3 * 28 * 28))
        #expect(
            encode(try model.makeVisionTransformer(), pixels, numFrames: 1)
                == encode(
                    try golden.directory().makeVisionTransformer(), pixels, numFrames: 1))
    }

    private func lavisName(_ name: String) -> String {
        name.replacing("vision_model.embeddings.class_embedding", with: "visual_encoder.cls_token")
            .replacing(
                "vision_model.embeddings.position_embedding", with: "visual_encoder.pos_embed"
            )
            .replacing(
                "vision_model.embeddings.patch_embedding", with: "visual_encoder.patch_embed.proj"
            )
            .replacing("vision_model.encoder.layers", with: "visual_encoder.blocks")
            .replacing("vision_model.post_layernorm", with: "ln_vision")
            .replacing("layer_norm", with: "norm")
            .replacing("self_attn.projection", with: "attn.proj")
            .replacing("self_attn", with: "attn")
    }

    /// `CLIPVisionModel`, the encoder inside a `CLIPModel`, and `ViTModel`.
    @Test(arguments: ["clip", "clipfull", "vit"])
    func agreesWithOtherEncoders(_ name: String) throws {
        let folder = Fixtures.path("encoders/\(name)")
        let reference = try SafetensorsFile(path: folder + "/reference.safetensors")
        let transformer = try ModelDirectory.resolve(
            folder
        ).makeVisionTransformer()
        let features = encode(
            transformer, try reference.all("pixel_values"), numFrames: 2)
        let difference = RelativeDifference(features, try reference.all("features"))
        #expect(difference.maximum < 1e-4, "\(difference)")
    }

    @Test(
        .enabled(if: Processor.hasBFloat16),
        arguments: zip([VisionPrecision.bfloat16, .int8], [0.999, 0.99]))
    func narrowNumbersKeepTheDirectionOfEveryToken(
        _ precision: VisionPrecision, _ bound: Double
    ) throws {
        let model = try ModelDirectory.resolve(
            Fixtures.package.appendingPathComponent("models/vit-small-14").path)
        let reference = try SafetensorsFile(
            path: Fixtures.path("encoder/vit-small-14-reference.safetensors"))
        let found = encode(
            try model.makeVisionTransformer(precision: precision),
            try reference.all("pixel_values"), numFrames: 1)
        let fidelity = fidelity(found, try reference.all("last_hidden_state"))
        #expect(fidelity.worst >= bound && fidelity.mean >= fidelity.worst)
    }

    /// The real encoder has blocks that eight bits are too few for.
    @Test(.enabled(if: Processor.hasBFloat16))
    func blocksThatInt8HurtsStayInBFloat16() throws {
        let model = try ModelDirectory.resolve(
            Fixtures.package.appendingPathComponent("models/vit-small-14").path)
        let reference = try SafetensorsFile(
            path: Fixtures.path("encoder/vit-small-14-reference.safetensors"))
        let pixels = try reference.all("pixel_values")
        let expected = try reference.all("last_hidden_state")
        func features(_ precision: VisionPrecision, _ blocks: [Int]) throws -> [Float] {
            encode(
                try model.makeVisionTransformer(precision: precision, bfloat16Blocks: blocks),
                pixels, numFrames: 1)
        }
        let hurt = try model.blocksHurtByInt8(pixelValues: [pixels])
        #expect(!hurt.isEmpty && hurt.count < 12)
        let kept = fidelity(try features(.int8, hurt), expected)
        let all = fidelity(try features(.int8, []), expected)
        #expect(kept.worst > all.worst && kept.mean > all.mean)
        #expect(try features(.int8, Array(0..<12)) == features(.bfloat16, []))
    }

    private func fidelity(_ found: [Float], _ expected: [Float]) -> TokenFidelity {
        TokenFidelity(found.span, expected.span, width: 384)
    }

    @Test func aFrameDoesNotDependOnItsNeighboursOrThreads() throws {
        defer { MathThreads.set(ProcessInfo.processInfo.activeProcessorCount) }
        let transformer = try ModelDirectory.resolve(
            "preset:tiny"
        ).makeVisionTransformer()
        let random = CounterRandom(seed: 1, stream: 2)
        let frame = 3 * 28 * 28
        let pixels = (0..<5 * frame).map { random.normal(UInt64($0)) }
        MathThreads.set(1)
        let alone = (0..<5).flatMap { index in
            encode(transformer, Array(pixels[index * frame..<(index + 1) * frame]), numFrames: 1)
        }
        MathThreads.set(3)
        #expect(encode(transformer, pixels, numFrames: 5) == alone)
    }
}
