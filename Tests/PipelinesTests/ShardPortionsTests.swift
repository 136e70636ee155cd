import Files
import Foundation
import Shards
import TestSupport
import Testing

@testable import Pipelines

struct ShardPortionsTests {
    private final class Folder {
        let path: String
        init() throws { path = try Fixtures.makeTemporaryDirectory().path }
        deinit { try? FileManager.default.removeItem(atPath: path) }
    }

    private let names = (0..<8).map { "train-0000\($0)" }
    private let stop = StopSignal()

    @Test func aTaskThatKnowsItsPartGetsItAtOnce() throws {
        let part = try #require(TaskPartition(checkedIndex: 1, count: 3))
        var portions = ShardPortions(names, of: part, folder: "/dev/null/none")
        #expect(try portions.next(stop: stop) { _ in false } == [1, 4, 7])
        #expect(try portions.next(stop: stop) { _ in false } == nil)
    }

    @Test func twoTasksShareTheShards() throws {
        let folder = try Folder()
        var tasks = (0..<2).map { _ in
            ShardPortions(names, of: .claims(numTasks: 2), folder: folder.path)
        }
        var made: [Int] = []
        for turn in 0..<8 {
            let portion = try tasks[turn % 2].next(stop: stop, isFinished: made.contains)
            made += try #require(portion)
        }
        #expect(made.sorted() == Array(0..<8))
        #expect(try tasks[0].next(stop: stop, isFinished: made.contains) == nil)
    }

    @Test func givesMoreAtOnceWhereThereAreFewTasks() throws {
        let folder = try Folder()
        var portions = ShardPortions(names, of: .claims(numTasks: 1), folder: folder.path)
        #expect(try portions.next(stop: stop) { _ in false } == [0, 1])
    }

    @Test func takesOverWhatATaskHasLeftBehind() throws {
        let folder = try Folder()
        try publishFile(Array("elsewhere 1\n".utf8), at: "\(folder.path)/\(names[0])")
        var portions = ShardPortions(
            [names[0]], of: .claims(numTasks: 1), folder: folder.path, lifetimeSeconds: 0.2)
        #expect(try portions.next(stop: stop) { _ in false } == [0])
    }

    @Test func leavesShardsToATaskThatLives() throws {
        let folder = try Folder()
        let other = try Claim(path: "\(folder.path)/\(names[0])", lifetimeSeconds: 0.3)
        var portions = ShardPortions(
            [names[0]], of: .claims(numTasks: 1), folder: folder.path, lifetimeSeconds: 30)
        #expect(try portions.next(stop: stop) { _ in false } == nil)
        withExtendedLifetime(other) {}
    }

    /// Each task sees what the others have finished, and the last one publishes.
    @Test func tasksWithoutNumbersBuildWhatOneTaskBuilds() async throws {
        let workspace = try Workspace()
        var options = try workspace.options(Workspace.mixed, jobs: 1)
        options.shardClips = 1
        let alone = try await build(options)
        options.outputDirectory = workspace.url.appendingPathComponent("claimed").path
        options.partition = .claims(numTasks: 3)
        let shared = options
        let summaries = try await withThrowingTaskGroup(of: StageSummary.self) { group in
            for _ in 0..<3 { group.addTask { try await build(shared) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        let isPublished = summaries.contains { $0.isPublished }
        #expect(isPublished)
        #expect(summaries.reduce(0) { $0 + ($1.decoded ?? 0) } == alone.decoded)
        #expect(try workspace.files("claimed") == workspace.files("data"))
    }

    @Test func theLastTaskPublishesNotTheFirst() async throws {
        let workspace = try Workspace()
        var options = try workspace.options(Workspace.mixed)
        options.partition = .claims(numTasks: 1)
        let staging = DatasetStaging(directory: options.outputDirectory, isAlone: false)
        try staging.prepare(for: .pixels, overwrite: false) { _ in nil }
        var other: DirectoryLock? = try staging.join()
        let first = try await build(options)
        #expect(!first.isPublished)
        #expect(fileExists(staging.folder))
        do {
            let last = try staging.leave(&other)
            #expect(last != nil)
        }
        let second = try await build(options)
        #expect(second.isPublished)
    }
}
