import Files
import Foundation
import Recipes
import Shards
import Synchronization
import TestSupport
import Testing

@testable import Pipelines

/// Sources and shards that change while a build runs.
@Suite(.serialized)
struct SourceChangeTests {
    /// Twelve windows of one video of the workspace's own folder.
    private func makeWorkspace(_ name: String = "a.mp4") throws -> (Workspace, BuildShardsOptions) {
        let workspace = try Workspace()
        let rows = (0..<12).map { "\(name),x,train,0.\($0 + 10)" }
        var options = try workspace.options(
            (["video,label,split,start"] + rows).joined(separator: "\n") + "\n", jobs: 1)
        options.rootDirectory = workspace.url.path
        return (workspace, options)
    }

    private func copy(_ source: String, to name: String, in workspace: Workspace) throws {
        try publishFile(
            try readFile(Fixtures.path("videos/\(source)")),
            at: workspace.url.appendingPathComponent(name).path)
    }

    /// sha256 of each clip's pixels, by its key.
    private func pixels(_ options: BuildShardsOptions) throws -> [ClipKey: (String, String)] {
        let folder = "\(options.outputDirectory)/shards"
        var hashes: [ClipKey: (String, String)] = [:]
        for name in try namesInDirectory(folder) where name.hasSuffix(".json") {
            let sidecar = try ShardReader.readSidecar(
                directory: folder, name: String(name.dropLast(5)))
            for sample in sidecar.samples {
                let member = try #require(sample.member(ShardFormat.pixelMember))
                hashes[sample.key] = (sample.origin.sourceSha256, member.sha256)
            }
        }
        return hashes
    }

    @Test func storesWhatASourceHoldsUnderTheHashOfJustThat() async throws {
        let sources = ["real/bikes.mp4", "real/world.mp4"]
        var expected: [String: [ClipKey: (String, String)]] = [:]
        for source in sources {
            let (workspace, options) = try makeWorkspace()
            try copy(source, to: "a.mp4", in: workspace)
            _ = try await build(options)
            let hash = try sha256Hex(ofFile: Fixtures.path("videos/\(source)"))
            expected[hash] = try pixels(options)
        }
        let (workspace, options) = try makeWorkspace()
        try copy(sources[0], to: "a.mp4", in: workspace)
        var isReplaced = false
        _ = try await BuildShards(options: options).run(stop: StopSignal()) { progress in
            if progress.done == 3, !isReplaced {
                isReplaced = true
                try? copy(sources[1], to: "a.mp4", in: workspace)
            }
        }
        let found = try pixels(options)
        #expect(found.count == 12 && Set(found.values.map(\.0)).count == 2)
        for (key, (source, pixels)) in found {
            #expect(expected[source]?[key]?.1 == pixels)
        }
    }

    @Test func givesUpOnASourceThatNeverRests() async throws {
        let (workspace, options) = try makeWorkspace()
        try copy("real/bikes.mp4", to: "a.mp4", in: workspace)
        let path = workspace.url.appendingPathComponent("a.mp4").path
        let isDone = Atomic(false)
        let writer = Thread {
            while !isDone.load(ordering: .relaxed) {
                try? appendToFile([0], at: path)
                usleep(100)
            }
        }
        writer.start()
        let summary = try await build(options)
        isDone.store(true, ordering: .relaxed)
        #expect(summary.reasons == ["source-changed": 12])
        try copy("real/bikes.mp4", to: "a.mp4", in: workspace)
        usleep(100_000)
        #expect(try await build(options).stored == 12)
    }

    @Test func aFileThatIsTooLongToReadCostsItself() async throws {
        let (workspace, options) = try makeWorkspace()
        var hasty = options
        hasty.timeoutSeconds = 0.1
        let path = workspace.url.appendingPathComponent("a.mp4").path
        try truncateFile(at: path, to: 0)
        #expect(truncate(path, 1 << 42) == 0)
        #expect(try await build(hasty).reasons == ["timeout": 12])
    }

    @Test func aStopEndsTheReadingOfALongFile() async throws {
        let (workspace, options) = try makeWorkspace()
        let path = workspace.url.appendingPathComponent("a.mp4").path
        try truncateFile(at: path, to: 0)
        #expect(truncate(path, 1 << 42) == 0)
        let stop = StopSignal()
        let stopper = Thread {
            usleep(300_000)
            stop.request(SIGINT)
        }
        stopper.start()
        await #expect(throws: PipelineError.self) {
            try await BuildShards(options: options).run(stop: stop) { _ in }
        }
    }

    @Test(arguments: ["tar", "json"])
    func aFinishedShardThatIsDeletedIsNeverLeftOut(_ kind: String) async throws {
        let workspace = try Workspace()
        let options = try workspace.options(Workspace.mixed, jobs: 1)
        let shards = "\(options.outputDirectory)/building/shards"
        var deleted: String?
        let error = await #expect(throws: PipelineError.self) {
            _ = try await BuildShards(options: options).run(stop: StopSignal()) { _ in
                let finished = (try? namesInDirectory(shards))?.first { $0.hasSuffix(".json") }
                guard deleted == nil, let name = finished?.dropLast(5) else { return }
                deleted = "\(name)"
                try? removeFile(at: "\(shards)/\(name).\(kind)")
            }
        }
        #expect(try error?.description.contains(#require(deleted)) == true)
        #expect(!fileExists("\(options.outputDirectory)/dataset.json"))
        #expect(try await build(options).stored == 5)
        _ = try await build(try workspace.options(Workspace.mixed, out: "whole"))
        #expect(try workspace.files("data") == workspace.files("whole"))
    }

    /// As if it had been deleted while the last files were renamed.
    @Test func aCommitThatLacksAShardIsNotFinished() async throws {
        let workspace = try Workspace()
        let options = try workspace.options(Workspace.mixed)
        _ = try await build(options)
        let (data, building) = (options.outputDirectory, "\(options.outputDirectory)/building")
        try makeDirectory(at: "\(building)/shards")
        try moveFile(from: "\(data)/dataset.json", to: "\(building)/dataset.json")
        try publishFile(
            Array(#"{"moved": ["dataset.json"], "removed": []}"#.utf8),
            at: "\(building)/commit.json")
        try removeFile(at: "\(data)/shards/train-00000.tar")
        try DatasetStaging(directory: data).finishCommit()
        #expect(!fileExists("\(data)/dataset.json"))
        #expect(try await build(options).stored == 5)
    }
}
