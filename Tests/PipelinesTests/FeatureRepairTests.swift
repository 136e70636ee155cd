import Foundation
import Models
import Shards
import TestSupport
import Testing

@testable import Pipelines

/// Damages feature datasets; repair must bring back every byte in the recorded precision and tokens.
@Suite(.serialized)
struct FeatureRepairTests {
    private func makeFeatures(_ tokens: TokenSelection) async throws -> (Workspace, String) {
        let workspace = try Workspace()
        let pixels = try workspace.options(Workspace.mixed)
        _ = try await build(pixels)
        var options = ExtractFeatures.Options(
            outputDirectory: workspace.url.appendingPathComponent("features").path)
        options.precision = .float32
        options.tokens = tokens
        _ = try ExtractFeatures(
            dataset: Dataset(directory: pixels.outputDirectory), model: try tinyModel(),
            options: options
        ).run(stop: StopSignal()) { _ in }
        return (workspace, options.outputDirectory)
    }

    private func tinyModel() throws -> ModelDirectory {
        try ModelDirectory.resolve("preset:tiny", recorded: nil, modelsDirectory: "models")
    }

    private func flipByte(_ offset: Int, of path: String) throws {
        var content = try Data(contentsOf: URL(fileURLWithPath: path))
        content[offset] ^= 0xFF
        try content.write(to: URL(fileURLWithPath: path))
    }

    private func clips(of shard: String, in directory: String) throws -> Int {
        let shards = try Dataset(directory: directory).description.shards
        return try #require(shards.first { $0.name == shard && shards.count > 1 }).clips
    }

    private func repair(_ directory: String) async throws -> RepairDataset.Summary {
        try await RepairDataset(directory: directory, root: nil, jobs: 2, isolation: .none)
            .run(stop: StopSignal()) { _ in }
    }

    @Test(arguments: TokenSelection.allCases)
    func bringsBackTheBytesOfABadShard(_ tokens: TokenSelection) async throws {
        let (workspace, directory) = try await makeFeatures(tokens)
        let before = try workspace.files("features")
        let clips = try clips(of: "train-00000", in: directory)
        try flipByte(700, of: "\(directory)/shards/train-00000.tar")
        let summary = try await repair(directory)
        #expect(summary.remadeShards == 1 && summary.remadeSamples == clips)
        #expect(try workspace.files("features") == before)
        let after = try await VerifyDataset(directory: directory, jobs: 2)
            .run(stop: StopSignal()) { _ in }
        #expect(after.problems.isEmpty && after.samples == 5)
    }

    @Test(arguments: ["dataset.json", "shards/test-00000.json", "shards/test-00000.tar"])
    func bringsBackAMissingFile(_ name: String) async throws {
        let (workspace, directory) = try await makeFeatures(.cls)
        let before = try workspace.files("features")
        try FileManager.default.removeItem(atPath: "\(directory)/\(name)")
        _ = try await repair(directory)
        #expect(try workspace.files("features") == before)
    }

    @Test func findsBadShardsWithoutADescription() async throws {
        let (workspace, directory) = try await makeFeatures(.pool2)
        let before = try workspace.files("features")
        let clips = try clips(of: "train-00000", in: directory)
        try flipByte(100, of: "\(directory)/dataset.json")
        try flipByte(700, of: "\(directory)/shards/train-00000.tar")
        let summary = try await repair(directory)
        #expect(summary.remadeShards == 1 && summary.remadeSamples == clips)
        #expect(try workspace.files("features") == before)
    }

    @Test func leavesWhatThePixelsNoLongerGive() async throws {
        let (workspace, directory) = try await makeFeatures(.all)
        let changed = Workspace.mixed.replacing("one_frame.mp4,y", with: "one_frame.mp4,x")
        _ = try await build(try workspace.options(changed))
        try flipByte(700, of: "\(directory)/shards/train-00000.tar")
        let before = try workspace.files("features")
        let error = await #expect(throws: PipelineError.self) { try await repair(directory) }
        #expect(error?.description.contains("pixels that it was made from have changed") == true)
        #expect(try workspace.files("features") == before)
    }

    @Test func saysThatTheProcessorLacksThePrecision() async throws {
        guard (try? tinyModel().measureProductRate(.bfloat16, rounds: 1)) == nil else { return }
        let (workspace, directory) = try await makeFeatures(.all)
        defer { withExtendedLifetime(workspace) {} }
        let path = "\(directory)/dataset.json"
        let made = try Dataset(directory: directory).description
        let encoder = try #require(made.encoder)
        let other = try DatasetDescription(
            kind: made.kind, settings: made.settings, normalization: made.normalization,
            array: made.array, classes: made.classes, shards: made.shards,
            accounting: made.accounting,
            encoder: DatasetDescription.Encoder(
                model: encoder.model, modelHash: encoder.modelHash, precision: "bfloat16",
                tokens: encoder.tokens, parentHash: encoder.parentHash),
            files: made.files)
        try publishFile(canonicalJSON(other), at: path)
        try flipByte(700, of: "\(directory)/shards/train-00000.tar")
        let error = await #expect(throws: PipelineError.self) { try await repair(directory) }
        #expect(error?.description.contains("computed in bfloat16") == true)
        #expect(FileManager.default.fileExists(atPath: path))
    }
}
