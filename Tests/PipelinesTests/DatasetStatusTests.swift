import Files
import Foundation
import Manifests
import Recipes
import Shards
import TestSupport
import Testing

@testable import Pipelines

@Suite(.serialized)
struct DatasetStatusTests {
    private func rows(_ count: Int, _ more: String = "") -> String {
        "video,label,split,start\n"
            + (0..<count).map { "real/park.mp4,a,train,0.0\($0)1\n" }.joined() + more
    }

    @Test func aPublishedDatasetLacksNothing() async throws {
        let workspace = try Workspace()
        _ = try await build(
            try workspace.options(rows(9, "no-such.mp4,a,train,0\nno-such.mp4,a,test,0.1\n")))
        let status = try DatasetStatus(of: "\(workspace.url.path)/data")
        #expect(status.isPublished && status.rest == nil)
        #expect(status.shards.reduce(0) { $0 + $1.stored } == 9)
        #expect(status.shards.reduce(0) { $0 + $1.quarantined } == 2)
        #expect(status.shards.allSatisfy { $0.isFinished && $0.missing == 0 })
    }

    @Test func aBuildOfWhichATaskIsMissingSaysWhatIsLeft() async throws {
        let workspace = try Workspace()
        var options = try workspace.options(rows(9))
        options.partition = .part(index: 0, count: 2)
        _ = try await build(options)
        let directory = "\(workspace.url.path)/data"
        let status = try DatasetStatus(of: directory)
        #expect(!status.isPublished)
        let missing = status.shards.reduce(0) { $0 + $1.missing }
        #expect(missing > 0 && missing + status.shards.reduce(0) { $0 + $1.stored } == 9)
        #expect(status.shards.allSatisfy { $0.isFinished == ($0.missing == 0) })
        let rest = try #require(status.rest)
        #expect(rest.hasPrefix("vbprep build-shards ") && rest.contains(" --frames 3 "))
        #expect(rest.contains(" --shard-clips 4"))

        options.partition = .part(index: 1, count: 2)
        _ = try await build(options)
        #expect(try DatasetStatus(of: directory).isPublished)
    }

    @Test func theRestOfABuildIsMadeWithTheSameListOfClasses() async throws {
        let workspace = try Workspace()
        var options = try workspace.options(rows(9))
        let classes = "\(workspace.url.path)/classes.txt"
        let labels = Set(try Manifest(path: options.manifestPath).rows.map(\.label))
        try publishFile(
            Array((labels.sorted().reversed() + [""]).joined(separator: "\n").utf8), at: classes)
        options.plan.classesPath = classes
        options.partition = .part(index: 0, count: 2)
        _ = try await build(options)
        let rest = try #require(try DatasetStatus(of: options.outputDirectory).rest)
        #expect(rest.contains(" --classes \(classes)"))
    }

    @Test func namesWhoWorksOnAShardAndCountsWhatItHas() async throws {
        let workspace = try Workspace()
        var options = try workspace.options(rows(9))
        options.partition = .part(index: 0, count: 2)
        _ = try await build(options)
        let directory = options.outputDirectory
        let open = try #require(try DatasetStatus(of: directory).shards.first { !$0.isFinished })
        let staging = DatasetStaging(directory: directory, isAlone: false)
        let writer = try ShardWriter(
            directory: staging.stagedShardDirectory, name: open.name)
        try writer.appendQuarantined(
            ShardSidecar.QuarantinedClip(
                key: try #require(ClipKey("0123456789abcdef")), sourceSha256: "", reason: "missing",
                stage: "open", detail: "", attempts: 1))
        let status = try DatasetStatus(of: directory)
        let shard = try #require(status.shards.first { $0.name == open.name })
        #expect(shard.workers == ["process \(getpid())"])
        #expect(shard.quarantined == 1 && shard.missing == open.missing - 1)
        withExtendedLifetime(writer) {}
    }

    @Test(.enabled(if: geteuid() != 0, "root may read everything"), arguments: ["", "/building"])
    func aFolderThatMayNotBeReadIsAFaultOfTheMachine(_ folder: String) async throws {
        let workspace = try Workspace()
        let options = try workspace.options(rows(2))
        _ = try await build(options)
        let directory = options.outputDirectory
        try makeDirectory(at: "\(directory)/building")
        chmod(directory + folder, 0)
        defer { chmod(directory + folder, 0o755) }
        let error = #expect(throws: (any Error).self) { try DatasetStatus(of: directory) }
        #expect(try exitCode(for: #require(error)) == 75)
        #expect("\(try #require(error))".contains("Permission denied"))
    }

    @Test func aDamagedReportOfABuildIsAnErrorAndNotAPublishedDataset() async throws {
        let workspace = try Workspace()
        var options = try workspace.options(rows(9))
        _ = try await build(options)
        options.recipe.numFrames = 2
        (options.overwrite, options.partition) = (true, .part(index: 0, count: 2))
        _ = try await build(options)
        let staging = DatasetStaging(directory: options.outputDirectory, isAlone: false)
        try Data("{".utf8).write(
            to: URL(fileURLWithPath: "\(staging.folder)/\(ShardFormat.reportName)"))
        #expect(throws: PipelineError.self) { try DatasetStatus(of: options.outputDirectory) }
    }
}
