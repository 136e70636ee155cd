import Files
import Foundation
import Recipes
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
        try extract(workspace, tokens: tokens)
        return (workspace, workspace.url.path + "/features")
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
        #expect(summary.remadeShards == 1 && (1...clips).contains(summary.remadeSamples))
        #expect(try workspace.files("features") == before)
        let after = try await VerifyDataset(directory: directory, jobs: 2)
            .run(stop: StopSignal()) { _ in }
        #expect(after.problems.isEmpty && after.samples == 5)
    }

    @Test(arguments: [
        "dataset.json", "questions.csv", "shards/test-00000.json", "shards/test-00000.tar",
    ])
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
        #expect(summary.remadeShards == 1 && (1...clips).contains(summary.remadeSamples))
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

    @Test func saysThatThisMachineWouldGiveOtherBits() async throws {
        let (workspace, directory) = try await makeFeatures(.all)
        defer { withExtendedLifetime(workspace) {} }
        let made = try Dataset(directory: directory).description
        var recipe = try #require(made.featureRecipe)
        recipe.instructionSet = "oneDNN 0.0.0 abacus"
        let other = try DatasetDescription(
            kind: made.kind, clipRecipe: made.clipRecipe, featureRecipe: recipe,
            model: made.model, division: made.division, splitRemarks: made.splitRemarks,
            normalization: made.normalization, array: made.array, tasks: made.tasks,
            shards: made.shards, accounting: made.accounting, parentHash: made.parentHash,
            files: made.files)
        try publishFile(canonicalJSON(other), at: "\(directory)/dataset.json")
        try flipByte(700, of: "\(directory)/shards/train-00000.tar")
        let error = await #expect(throws: PipelineError.self) { try await repair(directory) }
        #expect(error?.description.contains("abacus") == true)
        #expect(FileManager.default.fileExists(atPath: "\(directory)/dataset.json"))
    }
}
