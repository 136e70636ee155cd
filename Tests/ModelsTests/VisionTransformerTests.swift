import Foundation
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
            Fixtures.package.appendingPathComponent("models/vit-small-14").path, recorded: nil,
            modelsDirectory: "models")
        let reference = try SafetensorsFile(
            path: Fixtures.path("encoder/vit-small-14-reference.safetensors"))
        let features = encode(
            try model.makeVisionTransformer(), try reference.all("pixel_values"), numFrames: 1)
        let difference = RelativeDifference(features, try reference.all("last_hidden_state"))
        #expect(difference.maximum < 1e-4, "\(difference)")
    }

    /// `CLIPVisionModel`, the encoder inside a `CLIPModel`, and `ViTModel`.
    @Test(arguments: ["clip", "clipfull", "vit"])
    func agreesWithOtherEncoders(_ name: String) throws {
        let folder = Fixtures.path("encoders/\(name)")
        let reference = try SafetensorsFile(path: folder + "/reference.safetensors")
        let transformer = try ModelDirectory.resolve(
            folder, recorded: nil, modelsDirectory: "models"
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
            Fixtures.package.appendingPathComponent("models/vit-small-14").path, recorded: nil,
            modelsDirectory: "models")
        let reference = try SafetensorsFile(
            path: Fixtures.path("encoder/vit-small-14-reference.safetensors"))
        let found = encode(
            try model.makeVisionTransformer(precision: precision),
            try reference.all("pixel_values"), numFrames: 1)
        let fidelity = fidelity(found, try reference.all("last_hidden_state"))
        #expect(fidelity.worst >= bound && fidelity.mean >= fidelity.worst)
    }

    private func fidelity(_ found: [Float], _ expected: [Float]) -> TokenFidelity {
        TokenFidelity(found.span, expected.span, width: 384)
    }

    @Test func aFrameDoesNotDependOnItsNeighboursOrThreads() throws {
        defer { MathThreads.set(ProcessInfo.processInfo.activeProcessorCount) }
        let transformer = try ModelDirectory.resolve(
            "preset:tiny", recorded: nil, modelsDirectory: "models"
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
