import Foundation
import Recipes
import Shards
import TestSupport
import Testing

@testable import Pipelines

/// Damages a small dataset in many ways; every one must be noticed, and repair must undo it.
@Suite(.serialized)
struct VerifyRepairTests {
    static let manifest = """
        video,label,split
        real/realshort.mp4,x,train
        derived/one_frame.mp4,y,train
        derived/three_frames_mjpeg.avi,x,test
        derived/empty.mp4,y,train
        real/park.mp4,y,validation

        """

    private func makeDataset() async throws -> (Workspace, BuildShardsOptions) {
        let workspace = try Workspace()
        var options = try workspace.options(Self.manifest)
        options.recipe.imageSize = 12
        options.recipe.numFrames = 1
        _ = try await build(options)
        return (workspace, options)
    }

    private func verify(_ directory: String) async throws -> VerificationSummary {
        try await VerifyDataset(directory: directory, jobs: 2).run(stop: StopSignal()) { _ in }
    }

    private func repair(_ directory: String) async throws -> RepairDataset.Summary {
        try await RepairDataset(directory: directory, root: nil, jobs: 2, isolation: .none)
            .run(stop: StopSignal()) { _ in }
    }

    @Test func findsNothingInAnIntactDataset() async throws {
        let (workspace, options) = try await makeDataset()
        defer { withExtendedLifetime(workspace) {} }
        let summary = try await verify(options.outputDirectory)
        #expect(summary.problems.isEmpty && summary.samples == 4)
        #expect(try await repair(options.outputDirectory).problems.isEmpty)
    }

    /// One flipped bit at a time: at every offset with `VBPREP_CAMPAIGN` set, else at every 97th.
    @Test func noticesAndUndoesFlippedBits() async throws {
        let (workspace, options) = try await makeDataset()
        let before = try workspace.files("data")
        let isCampaign = ProcessInfo.processInfo.environment["VBPREP_CAMPAIGN"] != nil
        var flips = 0
        for (name, content) in before.sorted(by: { $0.key < $1.key }) {
            let path = "\(options.outputDirectory)/\(name)"
            for offset in stride(from: 0, to: content.count, by: isCampaign ? 1 : 97) {
                var damaged = content
                damaged[offset] ^= 1 << UInt8(offset % 8)
                try damaged.write(to: URL(fileURLWithPath: path))
                let summary = try await verify(options.outputDirectory)
                #expect(!summary.problems.isEmpty, "\(name) at byte \(offset)")
                _ = try await repair(options.outputDirectory)
                flips += 1
                guard try Data(contentsOf: URL(fileURLWithPath: path)) != content else { continue }
                Issue.record("\(name) was not restored from a flip at byte \(offset)")
                try content.write(to: URL(fileURLWithPath: path))
            }
        }
        #expect(try workspace.files("data") == before)
        #expect(flips > 300)
    }

    @Test func namesTheBadSampleAndDecodesOnlyThat() async throws {
        let (workspace, options) = try await makeDataset()
        let before = try workspace.files("data")
        let reader = try ShardReader(
            directory: "\(options.outputDirectory)/shards", name: "train-00000")
        let member = try #require(reader.samples[1].member(ShardFormat.pixelMember))
        var content = try #require(before["shards/train-00000.tar"])
        content[member.offset + 20] ^= 0xFF
        try content.write(to: URL(fileURLWithPath: reader.path))
        #expect(try await verify(options.outputDirectory).badKeys == ["\(reader.samples[1].key)"])
        let summary = try await repair(options.outputDirectory)
        #expect(summary.remadeSamples == 1 && summary.remadeShards == 1)
        #expect(try workspace.files("data") == before)
    }

    @Test(arguments: [
        "shards/train-00000.tar", "shards/train-00000.json", "shards/test-00000.tar",
        "quarantine.csv", "questions.csv", "manifest.csv", "dataset.json",
    ])
    func restoresAMissingFile(_ name: String) async throws {
        let (workspace, options) = try await makeDataset()
        let before = try workspace.files("data")
        try FileManager.default.removeItem(atPath: "\(options.outputDirectory)/\(name)")
        #expect(!(try await verify(options.outputDirectory).problems.isEmpty))
        _ = try await repair(options.outputDirectory)
        #expect(try workspace.files("data") == before)
    }

    @Test func publishesNothingElseIfASourceHasChanged() async throws {
        let workspace = try Workspace()
        let video = workspace.url.appendingPathComponent("v.mp4")
        try FileManager.default.copyItem(
            atPath: Fixtures.path("videos/real/park.mp4"), toPath: video.path)
        var options = try workspace.options("video,label,split\nv.mp4,a,train\n")
        options.rootDirectory = workspace.url.path
        _ = try await build(options)
        let tar = "\(options.outputDirectory)/shards/train-00000.tar"
        try FileManager.default.removeItem(atPath: tar)
        try FileManager.default.removeItem(at: video)
        try FileManager.default.copyItem(
            atPath: Fixtures.path("videos/real/realshort.mp4"), toPath: video.path)
        let error = await #expect(throws: ShardError.self) {
            try await repair(options.outputDirectory)
        }
        #expect(error?.description.contains("have changed") == true)
        #expect(!FileManager.default.fileExists(atPath: tar))
    }
}
