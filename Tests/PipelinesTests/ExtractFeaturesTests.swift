import Foundation
import Models
import Recipes
import Shards
import Tensors
import TestSupport
import Testing

@testable import Pipelines

/// Pixel shards through an encoder: what comes out, and what stops it.
@Suite(.serialized)
struct ExtractFeaturesTests {
    /// The golden encoder with some weights so large that float16 cannot hold what it gives.
    private func overflowingModel(
        in folder: URL, _ enlarged: String, factor: Float
    ) throws -> ModelDirectory {
        let golden = GoldenModel.all[0]
        try FileManager.default.copyItem(
            atPath: "\(golden.path)/config.json",
            toPath: folder.appendingPathComponent("config.json").path)
        let weights = try SafetensorsFile(path: "\(golden.path)/model.safetensors")
        let tensors = try weights.names.filter { $0.hasPrefix("vision_model.") }.map { name in
            let factor = name.hasSuffix(enlarged) ? factor : 1
            return NamedTensor(
                name: name, shape: try #require(weights.shape(of: name)),
                values: try weights.all(name).map { $0 * factor })
        }
        try Data(makeSafetensors(tensors)).write(
            to: folder.appendingPathComponent("model.safetensors"))
        return try ModelDirectory.resolve(folder.path)
    }

    /// Too large for float16, and no numbers at all: NaN must not be stored either.
    @Test(arguments: [("post_layernorm.weight", Float(1e6)), ("qkv.weight", 1e25)])
    func namesTheClipWhoseFeaturesCannotBeStored(
        _ weight: String, _ factor: Float
    ) async throws {
        let workspace = try Workspace()
        _ = try await build(try workspace.options(Workspace.mixed))
        let folder = workspace.url.appendingPathComponent("model")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let model = try overflowingModel(in: folder, weight, factor: factor)
        let error = try #require(
            #expect(throws: PipelineError.self) {
                try ExtractFeatures(
                    pixels: Dataset(directory: workspace.url.path + "/data"),
                    encoding: FeatureEncoding(
                        model: model,
                        recipe: try FeatureEncoding.recipe(
                            of: model, precision: .float32, tokens: .all)),
                    options: .init(outputDirectory: workspace.url.path + "/features")
                ).run(stop: StopSignal()) { _ in }
            })
        guard case .notFinite(let key, _, let count) = error else {
            Issue.record("\(error)")
            return
        }
        let dataset = try Dataset(directory: workspace.url.path + "/data")
        let keys = try dataset.readers().flatMap { $0.samples.map { "\($0.key)" } }
        #expect(keys.contains(key) && count > 0 && error.description.contains(key))
        #expect(try workspace.files("features")["dataset.json"] == nil)
    }

    @Test func tasksWithOtherTokensAreRefused() async throws {
        let workspace = try Workspace()
        _ = try await build(try workspace.options(Workspace.mixed))
        func extraction(_ index: Int, _ tokens: TokenSelection) throws -> ExtractFeatures {
            let model = try ModelDirectory.resolve("preset:tiny")
            var options = ExtractFeatures.Options(
                outputDirectory: "\(workspace.url.path)/features")
            options.partition = try #require(TaskPartition(checkedIndex: index, count: 3))
            return try ExtractFeatures(
                pixels: Dataset(directory: "\(workspace.url.path)/data"),
                encoding: FeatureEncoding(
                    model: model,
                    recipe: FeatureEncoding.recipe(of: model, precision: .float32, tokens: tokens)),
                options: options)
        }
        _ = try extraction(0, .all).run(stop: StopSignal()) { _ in }
        let error = #expect(throws: PipelineError.self) {
            try extraction(1, .cls).run(stop: StopSignal()) { _ in }
        }
        #expect(error?.description.contains("tokens is cls instead of all") == true)
    }

    @Test func keepsTheClipsOfAnUnfinishedShard() async throws {
        let workspace = try Workspace()
        let rows = (0..<12).map { "real/park.mp4,x,train,0.\(10 + $0)" }
        var options = try workspace.options(
            (["video,label,split,start"] + rows).joined(separator: "\n") + "\n")
        options.shardClips = 100
        _ = try await build(options)
        defer { MathThreads.set(ProcessInfo.processInfo.activeProcessorCount) }
        MathThreads.set(1)
        let stop = StopSignal()
        var done = 0
        let error = #expect(throws: PipelineError.self) {
            try extract(workspace, stop: stop) { progress in
                done = progress.done
                if done >= 4 { stop.request(SIGTERM) }
            }
        }
        #expect(error?.description.contains("goes on") == true)
        let stopped = try workspace.files("features").keys
        #expect(stopped.allSatisfy { !$0.hasPrefix("shards/") && $0 != "dataset.json" })
        // Nothing that was reported as done is encoded again; some windows show the same frames.
        let encoded = try #require(try extract(workspace).encoded)
        #expect(done < 12 && encoded <= 12 - done, "\(done) were done, \(encoded) encoded")
        try extract(workspace, into: "undisturbed")
        #expect(try workspace.files("features") == workspace.files("undisturbed"))
    }

    /// Pixels and metadata are what features are made from, so what is damaged must not pass.
    @Test(arguments: [ShardFormat.pixelMember, ShardFormat.metadataMember])
    func refusesADamagedMember(_ name: String) async throws {
        let workspace = try Workspace()
        _ = try await build(try workspace.options(Workspace.mixed))
        let dataset = try Dataset(directory: workspace.url.path + "/data")
        let reader = try #require(try dataset.readers(split: .train).first)
        let sample = try #require(reader.samples.last)
        let path = URL(fileURLWithPath: reader.path)
        var tar = try Data(contentsOf: path)
        tar[try #require(sample.member(name)).offset] ^= 1
        try tar.write(to: path)
        let error = #expect(throws: ShardError.self) { try extract(workspace) }
        #expect(error?.description.contains("\(sample.key)") == true)
        #expect(error?.description.contains("checksum of `\(name)`") == true)
    }

    @Test func extractsFeaturesThatMirrorThePixels() async throws {
        let workspace = try Workspace()
        _ = try await build(try workspace.options(Workspace.mixed))
        #expect(try extract(workspace).encoded == 5)
        let dataset = try Dataset(directory: workspace.url.path + "/data")
        let features = try Dataset(directory: workspace.url.path + "/features")
        #expect(features.description.array.shape == [3, 5, 48])
        #expect(features.description.parentHash == dataset.description.contentHash)
        let pairs = zip(try dataset.readers(), try features.readers())
        for (pixels, tokens) in pairs {
            #expect(pixels.samples.map(\.key) == tokens.samples.map(\.key))
            for sample in tokens.samples {
                #expect(sample.members.map(\.name) == ["features.npy", "json"])
                let array = try tokens.array(of: ShardFormat.featureMember, in: sample)
                #expect(array.elementType == .float16 && array.shape == [3, 5, 48])
                // So that they can be mapped.
                let offset = try #require(sample.members.first).offset + array.dataOffset
                #expect(offset.isMultiple(of: 64))
            }
        }
        #expect(try extract(workspace).encoded == 0)
    }

    /// The encoder is needed for new clips alone.
    @Test func followsNewLabelsWithoutTheModel() async throws {
        let workspace = try Workspace()
        _ = try await build(try workspace.options(Workspace.mixed))
        try extract(workspace)
        let path = workspace.url.path + "/features"
        let before = try workspace.files("features")
        let relabelled = Workspace.mixed.replacing("one_frame.mp4,y", with: "one_frame.mp4,x")
        _ = try await build(try workspace.options(relabelled))
        func update(_ features: Dataset) throws -> Dataset {
            try bringUpToDate(
                features, model: "/no/such/model", stop: StopSignal(),
                reporter: ProgressReporter(title: "test"))
        }
        let updated = try update(try Dataset(directory: path))
        let rows = try QuestionsFile(of: updated).rows
        #expect(rows.filter { $0.video == "derived/one_frame.mp4" }.map(\.classIndex) == [0])
        let after = try workspace.files("features")
        for (name, bytes) in before where name.hasPrefix("shards/") {
            #expect(after[name] == bytes, "\(name)")
        }
        let more = relabelled + "real/carphone_pristine.mp4,x,train\n"
        _ = try await build(try workspace.options(more))
        #expect(throws: ModelError.self) { try update(updated) }
    }

    @Test(arguments: [ElementType.uint8, .float16])
    func encodesTheSameBytesForAnyThreads(_ store: ElementType) async throws {
        let workspace = try Workspace()
        defer { MathThreads.set(ProcessInfo.processInfo.activeProcessorCount) }
        var options = try workspace.options(Workspace.mixed)
        options.recipe.numFrames = 8
        options.recipe.store = store
        _ = try await build(options)
        var datasets: [[String: Data]] = []
        // Groups of one, two and all clips.
        for threads in [1, 2, 5] {
            MathThreads.set(threads)
            var done: [Int] = []
            let summary = try extract(workspace, into: "features\(threads)") {
                done.append($0.done)
            }
            #expect(summary.clips == 5 && done.last == 5 && done == done.sorted())
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
        options.recipe.imageSize = 32
        _ = try await build(options)
        let error = #expect(throws: PipelineError.self) { try extract(workspace) }
        #expect(error?.description.contains("32-pixel") == true)
        #expect(error?.description.contains("28-pixel") == true)
    }
}
