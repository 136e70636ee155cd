import Foundation
import Models
import Shards
import Tensors
import TestSupport
import Testing

@testable import Pipelines

/// Pixel shards through an encoder: what comes out, and what stops it.
@Suite(.serialized)
struct ExtractFeaturesTests {
    private func tinyModel() throws -> ModelDirectory {
        try ModelDirectory.resolve("preset:tiny", recorded: nil, modelsDirectory: "models")
    }

    /// The golden encoder with a last norm so large that float16 cannot hold what it gives.
    private func overflowingModel(in folder: URL) throws -> ModelDirectory {
        let golden = GoldenModel.all[0]
        try FileManager.default.copyItem(
            atPath: "\(golden.path)/config.json",
            toPath: folder.appendingPathComponent("config.json").path)
        let weights = try SafetensorsFile(path: "\(golden.path)/model.safetensors")
        let tensors = try weights.names.filter { $0.hasPrefix("vision_model.") }.map { name in
            let factor: Float = name == "vision_model.post_layernorm.weight" ? 1e6 : 1
            return NamedTensor(
                name: name,
                tensor: Tensor(
                    shape: try #require(weights.shape(of: name)),
                    values: try weights.all(name).map { $0 * factor }))
        }
        try Data(makeSafetensors(tensors)).write(
            to: folder.appendingPathComponent("model.safetensors"))
        return try ModelDirectory.resolve(folder.path, recorded: nil, modelsDirectory: "models")
    }

    @Test func namesTheClipThatFloat16CannotHold() async throws {
        let workspace = try Workspace()
        let options = try workspace.options(Workspace.mixed)
        _ = try await build(options)
        let folder = workspace.url.appendingPathComponent("model")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let dataset = try Dataset(directory: options.outputDirectory)
        let out = workspace.url.appendingPathComponent("features").path
        var extraction = ExtractFeatures.Options(outputDirectory: out)
        extraction.precision = .float32
        let error = try #require(
            #expect(throws: PipelineError.self) {
                try ExtractFeatures(
                    dataset: dataset, model: try overflowingModel(in: folder), options: extraction
                ).run(stop: StopSignal()) { _ in }
            })
        guard case .overflow(let key, _, let count) = error else {
            Issue.record("\(error)")
            return
        }
        let keys = try dataset.readers(split: nil).flatMap { $0.sidecar.samples.map(\.key) }
        #expect(keys.contains(key) && count > 0 && error.description.contains(key))
        #expect(!FileManager.default.fileExists(atPath: "\(out)/dataset.json"))
        #expect(try workspace.files("features").keys.allSatisfy { !$0.hasSuffix(".tar") })
    }

    @Test func stopsWithinAShardAndGoesOnToTheSameBytes() async throws {
        let workspace = try Workspace()
        let options = try workspace.options(Workspace.mixed)
        _ = try await build(options)
        func extract(_ out: String, _ stop: StopSignal, _ step: () -> Void) throws {
            var extraction = ExtractFeatures.Options(
                outputDirectory: workspace.url.appendingPathComponent(out).path)
            extraction.precision = .float32
            _ = try ExtractFeatures(
                dataset: Dataset(directory: options.outputDirectory), model: try tinyModel(),
                options: extraction
            ).run(stop: stop) { _ in step() }
        }
        let stop = StopSignal()
        let error = #expect(throws: PipelineError.self) {
            try extract("features", stop) { stop.request(SIGTERM) }
        }
        #expect(error?.description.contains("goes on") == true)
        let stopped = try workspace.files("features").keys
        #expect(stopped.allSatisfy { !$0.hasSuffix(".tar") && $0 != "dataset.json" })
        try extract("features", StopSignal()) {}
        try extract("undisturbed", StopSignal()) {}
        #expect(try workspace.files("features") == workspace.files("undisturbed"))
    }

    /// Classes and metadata are copied as they are stored, so what is damaged must not pass.
    @Test(arguments: [ShardFormat.classMember, ShardFormat.metadataMember])
    func refusesADamagedMember(_ name: String) async throws {
        let workspace = try Workspace()
        let options = try workspace.options(Workspace.mixed)
        _ = try await build(options)
        let dataset = try Dataset(directory: options.outputDirectory)
        let reader = try #require(try dataset.readers(split: "train").first)
        let sample = try #require(reader.sidecar.samples.last)
        let path = URL(fileURLWithPath: reader.path)
        var tar = try Data(contentsOf: path)
        tar[try #require(sample.member(name)).offset] ^= 1
        try tar.write(to: path)
        let error = #expect(throws: ShardError.self) {
            try ExtractFeatures(
                dataset: dataset, model: try tinyModel(),
                options: .init(
                    outputDirectory: workspace.url.appendingPathComponent("features").path)
            ).run(stop: StopSignal()) { _ in }
        }
        #expect(error?.description.contains(sample.key) == true)
        #expect(error?.description.contains("checksum of `\(name)`") == true)
    }

    @Test func extractsFeaturesThatMirrorThePixels() async throws {
        let workspace = try Workspace()
        let options = try workspace.options(Workspace.mixed)
        _ = try await build(options)
        let dataset = try Dataset(directory: options.outputDirectory)
        let model = try tinyModel()
        let out = workspace.url.appendingPathComponent("features").path
        let extraction = try ExtractFeatures(
            dataset: dataset, model: model, options: .init(outputDirectory: out))
        let summary = try extraction.run(stop: StopSignal()) { _ in }
        #expect(summary.stored == 5)
        let features = try Dataset(directory: out)
        #expect(features.description.array.shape == [3, 5, 48])
        #expect(features.description.encoder?.parentHash == dataset.description.contentHash)
        let pairs = zip(try dataset.readers(split: nil), try features.readers(split: nil))
        for (pixels, tokens) in pairs {
            #expect(pixels.sidecar.samples.map(\.key) == tokens.sidecar.samples.map(\.key))
            for sample in tokens.sidecar.samples {
                let array = try tokens.array(of: ShardFormat.featureMember, in: sample)
                #expect(array.elementType == .float16 && array.shape == [3, 5, 48])
            }
        }
        let again = try ExtractFeatures(
            dataset: dataset, model: model, options: .init(outputDirectory: out)
        ).run(stop: StopSignal()) { _ in }
        #expect(again.clipsPerSecond == 0 && again.stored == 5)
    }

    @Test(arguments: [ElementType.uint8, .float16])
    func encodesTheSameBytesForAnyThreads(_ store: ElementType) async throws {
        let workspace = try Workspace()
        defer { MathThreads.set(ProcessInfo.processInfo.activeProcessorCount) }
        var options = try workspace.options(Workspace.mixed)
        options.numFrames = 8
        options.store = store
        _ = try await build(options)
        let model = try tinyModel()
        var datasets: [[String: Data]] = []
        // Groups of one, two and all clips.
        for threads in [1, 2, 5] {
            MathThreads.set(threads)
            var done: [Int] = []
            let summary = try ExtractFeatures(
                dataset: Dataset(directory: options.outputDirectory), model: model,
                options: .init(outputDirectory: "\(workspace.url.path)/features\(threads)")
            ).run(stop: StopSignal()) { done.append($0.done) }
            #expect(summary.stored == 5 && done.last == 5 && done == done.sorted())
            datasets.append(try workspace.files("features\(threads)"))
        }
        #expect(datasets[0] == datasets[1] && datasets[1] == datasets[2])
    }

    @Test func countsEqualFramesOnceAcrossClips() {
        let pixels: [UInt8] = [1, 2, 3, 1, 5, 6, 7, 5, 8, 9, 10, 8]
        let clip = StoredFrame.frames(
            of: pixels.span, elementType: .uint8, numFrames: 4, imageSize: 1)
        #expect(clip[1].bytes == [2, 6, 9])
        var distinct = DistinctFrames()
        #expect(distinct.add(clip) == [0, 1, 2, 0])
        #expect(distinct.add([clip[2], clip[3]]) == [2, 0])
        #expect(distinct.frames.count == 3)
    }

    @Test func refusesAnEncoderOfAnotherPictureSize() async throws {
        let workspace = try Workspace()
        var options = try workspace.options(Workspace.mixed)
        options.imageSize = 32
        _ = try await build(options)
        let model = try tinyModel()
        let error = #expect(throws: PipelineError.self) {
            try ExtractFeatures(
                dataset: Dataset(directory: options.outputDirectory), model: model,
                options: .init(outputDirectory: workspace.url.path + "/features"))
        }
        #expect(error?.description.contains("32-pixel") == true)
        #expect(error?.description.contains("28-pixel") == true)
    }
}
