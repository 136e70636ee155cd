import Files
import Foundation
import Shards
import TestSupport
import Testing

@testable import Pipelines

struct RetryTests {
    private static let manifest = """
        video,label,split
        a.mp4,x,train
        b.mp4,y,train
        c.mp4,x,test

        """

    /// A workspace whose manifest names three videos of its own folder.
    private func makeWorkspace(missing: String) throws -> (Workspace, BuildShardsOptions) {
        let workspace = try Workspace()
        for name in ["a.mp4", "b.mp4", "c.mp4"] where name != missing {
            try copy("real/park.mp4", to: name, in: workspace)
        }
        var options = try workspace.options(Self.manifest)
        options.rootDirectory = workspace.url.path
        return (workspace, options)
    }

    private func copy(_ source: String, to name: String, in workspace: Workspace) throws {
        let target = workspace.url.appendingPathComponent(name)
        try? FileManager.default.removeItem(at: target)
        try FileManager.default.copyItem(
            atPath: Fixtures.path("videos/\(source)"), toPath: target.path)
    }

    @Test func buildsQuarantinedRowsIntoTheirDataset() async throws {
        let (workspace, options) = try makeWorkspace(missing: "b.mp4")
        #expect(try await build(options).quarantined == 1)
        try copy("real/park.mp4", to: "b.mp4", in: workspace)
        let retry = try #require(
            try BuildShardsOptions(
                retrying: "\(options.outputDirectory)/quarantine.csv", output: nil, root: nil,
                jobs: 2))
        let summary = try await build(retry)
        #expect(summary.stored == 3 && summary.quarantined == 0)

        // As if the video had been there from the start.
        var fresh = options
        fresh.outputDirectory = workspace.url.appendingPathComponent("fresh").path
        _ = try await build(fresh)
        #expect(try workspace.files("data") == workspace.files("fresh"))
    }

    @Test func countsAttempts() async throws {
        let (workspace, options) = try makeWorkspace(missing: "")
        try copy("derived/text.mp4", to: "b.mp4", in: workspace)
        _ = try await build(options)
        let quarantine = "\(options.outputDirectory)/quarantine.csv"
        for attempts in 2...3 {
            let retry = try #require(
                try BuildShardsOptions(retrying: quarantine, output: nil, root: nil, jobs: 1))
            #expect(try await build(retry).quarantined == 1)
            let text = try String(contentsOfFile: quarantine, encoding: .utf8)
            #expect(text.hasSuffix(",\(attempts)\n"))
        }
    }

    @Test func refusesRowsThatAreNotInTheDataset() async throws {
        let (workspace, options) = try makeWorkspace(missing: "b.mp4")
        defer { withExtendedLifetime(workspace) {} }
        _ = try await build(options)
        let quarantine = "\(options.outputDirectory)/quarantine.csv"
        let text = try String(contentsOfFile: quarantine, encoding: .utf8)
        try text.replacing("b.mp4,y", with: "other.mp4,y")
            .write(toFile: quarantine, atomically: true, encoding: .utf8)
        let retry = try #require(
            try BuildShardsOptions(retrying: quarantine, output: nil, root: nil, jobs: 1))
        #expect(throws: PipelineError.self) { try BuildShards(options: retry) }
    }

    @Test func refusesASecondBuildAtTheSameTime() async throws {
        let (workspace, options) = try makeWorkspace(missing: "")
        defer { withExtendedLifetime(workspace) {} }
        let first = try BuildShards(options: options)
        let lock = try DirectoryLock(directory: options.outputDirectory, isShared: false)
        await #expect(throws: FileError.busy(path: options.outputDirectory)) {
            try await first.run(stop: StopSignal()) { _ in }
        }
        withExtendedLifetime(lock) {}
    }

    @Test func finalizesWhatTasksHaveBuilt() async throws {
        let (workspace, options) = try makeWorkspace(missing: "")
        defer { withExtendedLifetime(workspace) {} }
        var part = options
        part.partition = try #require(TaskPartition(checkedIndex: 0, count: 2))
        _ = try await build(part)
        let finalize = try BuildShardsOptions(finalizing: options.outputDirectory, jobs: 1)
        let error = #expect(throws: PipelineError.self) {
            try BuildShards(options: finalize).finalize()
        }
        #expect(error?.description.contains("test-00000") == true)
        part.partition = try #require(TaskPartition(checkedIndex: 1, count: 2))
        #expect(try await build(part).stored == 3)
        _ = try Dataset(directory: options.outputDirectory)
    }
}
