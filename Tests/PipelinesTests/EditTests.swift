import Files
import Foundation
import Manifests
import Recipes
import Shards
import TestSupport
import Testing

@testable import Pipelines

/// Edits of a manifest: only clips that were never seen are decoded and encoded, and the result is
/// that of a build from nothing.
@Suite(.serialized)
struct EditTests {
    private static let clips = [
        "real/park.mp4,x,train,0.0", "real/park.mp4,x,train,0.5", "real/realshort.mp4,y,test,0.0",
        "derived/one_frame.mp4,y,train,0.0", "derived/three_frames_mjpeg.avi,z,val,0.0",
    ]

    private func manifest(_ rows: [String]) -> String {
        (["video,label,split,start"] + rows).joined(separator: "\n") + "\n"
    }

    struct Edit: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let rows: @Sendable ([String]) -> [String]
        var decoded = 0
        var shardClips = 4
        var seed: UInt64 = 42
    }

    @Test(arguments: [
        Edit(
            testDescription: "insert at the top",
            rows: { ["real/park.mp4,x,train,0.2"] + $0 }, decoded: 1),
        Edit(testDescription: "delete the first", rows: { Array($0.dropFirst()) }),
        Edit(testDescription: "reverse", rows: { $0.reversed() }),
        Edit(
            testDescription: "relabel",
            rows: { ["real/park.mp4,y,train,0.0"] + $0.dropFirst() }),
        Edit(
            testDescription: "new class before all others",
            rows: { ["real/park.mp4,a,train,0.0"] + $0.dropFirst() }),
        Edit(
            testDescription: "other splits",
            rows: { $0.map { $0.replacing("train", with: "test") } }),
        Edit(testDescription: "one clip a shard", rows: { $0 }, shardClips: 1),
        Edit(testDescription: "all clips in a shard", rows: { $0 }, shardClips: 100),
        Edit(
            testDescription: "no splits and another seed",
            rows: { $0.map { $0.replacing(/train|test|val/, with: "") } }, seed: 7),
        Edit(testDescription: "everything goes but one", rows: { Array($0.prefix(1)) }),
    ])
    func decodesAndEncodesOnlyNewClips(_ edit: Edit) async throws {
        let workspace = try Workspace()
        _ = try await build(try workspace.options(manifest(Self.clips)))
        try extract(workspace)
        func options(_ out: String) throws -> BuildShardsOptions {
            var options = try workspace.options(manifest(edit.rows(Self.clips)), out: out)
            options.shardClips = edit.shardClips
            options.plan.seed = edit.seed
            return options
        }
        let summary = try await build(try options("data"))
        #expect(summary.decoded == edit.decoded)
        #expect(summary.carried == edit.rows(Self.clips).count - edit.decoded)
        _ = try await build(try options("fresh"))
        #expect(try workspace.files("data") == workspace.files("fresh"))
        #expect(try extract(workspace).encoded == edit.decoded)
        try extract(workspace, out: "fresh", into: "fresh-features")
        #expect(try workspace.files("features") == workspace.files("fresh-features"))
    }

    @Test func takesBackClipsWhoseRowsWereGone() async throws {
        let workspace = try Workspace()
        let all = manifest(Self.clips)
        _ = try await build(try workspace.options(all))
        try extract(workspace)
        let (before, features) = (try workspace.files("data"), try workspace.files("features"))
        let fewer = try await build(try workspace.options(manifest(Array(Self.clips.prefix(2)))))
        #expect(fewer.keptAside == 3)
        #expect(try extract(workspace).keptAside == 3)
        let again = try await build(try workspace.options(all))
        #expect(again.decoded == 0 && again.carried == Self.clips.count)
        #expect(try extract(workspace).encoded == 0)
        #expect(try workspace.files("data") == before)
        #expect(try workspace.files("features") == features)
        var pruning = try workspace.options(all)
        pruning.prunes = true
        _ = try await build(pruning)
        #expect(!fileExists(workspace.url.path + "/data.removed"))
    }

    /// A workspace with videos of its own, which can be moved and removed.
    private func makeOwnVideos() throws -> (Workspace, String) {
        let workspace = try Workspace()
        let videos = workspace.url.path + "/videos"
        try makeDirectory(at: videos)
        for (source, name) in [("real/park.mp4", "a.mp4"), ("real/realshort.mp4", "b.mp4")] {
            try FileManager.default.copyItem(
                atPath: Fixtures.path("videos/\(source)"), toPath: "\(videos)/\(name)")
        }
        return (workspace, videos)
    }

    private func options(
        _ workspace: Workspace, _ root: String, _ rows: String..., out: String = "data"
    ) throws -> BuildShardsOptions {
        let text = (["video,label,split"] + rows).joined(separator: "\n") + "\n"
        var options = try workspace.options(text, out: out)
        options.rootDirectory = root
        return options
    }

    @Test func carriesClipsOfRenamedFiles() async throws {
        let (workspace, videos) = try makeOwnVideos()
        _ = try await build(try options(workspace, videos, "a.mp4,x,train", "b.mp4,y,train"))
        try FileManager.default.moveItem(atPath: videos + "/a.mp4", toPath: videos + "/c.mp4")
        let renamed = try await build(
            try options(workspace, videos, "c.mp4,x,train", "b.mp4,y,train"))
        #expect(renamed.decoded == 0 && renamed.carried == 2)
        _ = try await build(
            try options(workspace, videos, "c.mp4,x,train", "b.mp4,y,train", out: "fresh"))
        #expect(try workspace.files("data") == workspace.files("fresh"))
    }

    @Test func keepsStoredClipsWhoseSourceIsGone() async throws {
        let (workspace, videos) = try makeOwnVideos()
        let both = try options(workspace, videos, "a.mp4,x,train", "b.mp4,y,train")
        _ = try await build(both)
        let before = try workspace.files("data")
        try removeFile(at: videos + "/a.mp4")
        let kept = try await build(both)
        #expect(kept.stored == 2 && kept.keptWithoutSource == 1 && kept.quarantined == 0)
        #expect(try workspace.files("data") == before)
        // Also where the shard is written anew.
        let moved = try await build(
            try options(workspace, videos, "b.mp4,y,train", "a.mp4,z,train"))
        #expect(moved.stored == 2 && moved.decoded == 0 && moved.keptWithoutSource == 1)
        var pruned = try options(workspace, videos, "a.mp4,x,train", "b.mp4,y,train")
        pruned.prunes = true
        let summary = try await build(pruned)
        #expect(summary.stored == 1 && summary.reasons == ["missing": 1])
    }

    @Test func decodesAVideoAgainThatIsBackAfterItsClipWasPruned() async throws {
        let (workspace, videos) = try makeOwnVideos()
        var both = try options(workspace, videos, "a.mp4,x,train", "b.mp4,y,train")
        _ = try await build(both)
        let before = try workspace.files("data")
        try FileManager.default.moveItem(atPath: videos + "/a.mp4", toPath: videos + "/away")
        both.prunes = true
        #expect(try await build(both).stored == 1)
        try FileManager.default.moveItem(atPath: videos + "/away", toPath: videos + "/a.mp4")
        both.prunes = false
        let summary = try await build(both)
        #expect(summary.stored == 2 && summary.quarantined == 0)
        #expect(try workspace.files("data") == before)
    }

    @Test func saysHowManyClipsChangeTheirSplitWhenARowComes() async throws {
        let (workspace, videos) = try makeOwnVideos()
        let names = (0..<12).map { "v\($0).mp4" }
        for name in names {
            try FileManager.default.copyItem(
                atPath: "\(videos)/b.mp4", toPath: "\(videos)/\(name)")
        }
        func options(_ count: Int) throws -> BuildShardsOptions {
            let rows = names.prefix(count).map { "\($0),x\n" }.joined()
            var options = try workspace.options("video,label\n" + rows)
            options.rootDirectory = videos
            return options
        }
        func splits(_ count: Int) throws -> [Split] {
            try BuildShards(planned: try options(count)).plan.splits
        }
        func moved(_ count: Int) throws -> Int {
            try zip(splits(count), splits(count + 1)).count { $0 != $1 }
        }
        let count = try #require(try (3..<12).first { try moved($0) > 0 })
        #expect(try await build(try options(count)).movedClips == nil)
        let summary = try await build(try options(count + 1))
        #expect(try summary.movedClips == moved(count))
    }

    @Test func leavesAFolderAloneThatOnlyLooksLikeADataset() async throws {
        let (workspace, videos) = try makeOwnVideos()
        let both = try options(workspace, videos, "a.mp4,x,train", "b.mp4,y,train")
        let readme = both.outputDirectory + "/README.md"
        try makeDirectory(at: both.outputDirectory + "/shards")
        try publishFile(Array("my project".utf8), at: readme)
        await #expect(throws: PipelineError.self) { try await build(both) }
        #expect(try readFile(readme) == Array("my project".utf8))
        // Without other files it is what a build leaves that was stopped at once.
        try removeFile(at: readme)
        #expect(try await build(both).stored == 2)
        // A dataset that has lost its description is one all the same.
        try removeFile(at: both.outputDirectory + "/dataset.json")
        #expect(try await build(both).decoded == 0)
    }

    @Test func keepsTheOldSampleOfASourceThatNoLongerDecodes() async throws {
        let (workspace, videos) = try makeOwnVideos()
        let both = try options(workspace, videos, "a.mp4,x,train", "b.mp4,y,train")
        _ = try await build(both)
        try publishFile(Array("no video".utf8), at: videos + "/a.mp4")
        let summary = try await build(both)
        #expect(summary.stored == 2 && summary.keptAfterFailure == 1 && summary.quarantined == 0)
    }

    @Test func decodesASourceWhoseContentHasChanged() async throws {
        let (workspace, videos) = try makeOwnVideos()
        let both = try options(workspace, videos, "a.mp4,x,train", "b.mp4,y,train")
        _ = try await build(both)
        try FileManager.default.removeItem(atPath: videos + "/a.mp4")
        try FileManager.default.copyItem(
            atPath: Fixtures.path("videos/derived/one_frame.mp4"), toPath: videos + "/a.mp4")
        #expect(try await build(both).decoded == 1)
    }

    @Test func readsOnlySourcesWhoseSizeOrTimeHasChanged() async throws {
        let (workspace, videos) = try makeOwnVideos()
        let both = try options(workspace, videos, "a.mp4,x,train", "b.mp4,y,train")
        _ = try await build(both)
        let stamp = try FileStamp(path: videos + "/a.mp4")
        // Another content under the recorded size and time is noticed only when asked for.
        var bytes = try readFile(videos + "/a.mp4")
        bytes[bytes.count - 1] ^= 1
        try publishFile(bytes, at: videos + "/a.mp4")
        let date = Date(timeIntervalSince1970: Double(stamp.modified / 1_000_000_000))
        try FileManager.default.setAttributes(
            [.modificationDate: date], ofItemAtPath: videos + "/a.mp4")
        let report = try BuildReport.read(both.outputDirectory)
        var sources = report.sources
        guard case .file(_, let sha256)? = sources[ExactText("a.mp4")] else {
            Issue.record("the report lacks a.mp4")
            return
        }
        sources[ExactText("a.mp4")] = .file(try FileStamp(path: videos + "/a.mp4"), sha256: sha256)
        try report.report.publish(
            in: both.outputDirectory, sources: sources.map { ($0.key.text, $0.value) })
        #expect(try await build(both).decoded == 0)
        var verifying = both
        verifying.verifiesSources = true
        #expect(try await build(verifying).decoded == 1)
    }

    @Test func aMissingVideoIsDecodedOnceItIsThere() async throws {
        let (workspace, videos) = try makeOwnVideos()
        let rows = try options(workspace, videos, "a.mp4,x,train", "c.mp4,y,train")
        #expect(try await build(rows).quarantined == 1)
        try FileManager.default.copyItem(
            atPath: videos + "/b.mp4", toPath: videos + "/c.mp4")
        let summary = try await build(rows)
        #expect(summary.quarantined == 0 && summary.decoded == 1)
    }

    /// No program, and one that ends before its first clip.
    @Test(arguments: ["/no/such/program", "/bin/false"])
    func aWorkerThatCannotStartChangesNothing(_ executable: String) async throws {
        let (workspace, videos) = try makeOwnVideos()
        _ = try await build(try options(workspace, videos, "a.mp4,x,train"))
        let before = try workspace.files("data").filter { !$0.key.hasPrefix("building") }
        var more = try options(workspace, videos, "a.mp4,x,train", "b.mp4,y,train")
        more.isolation = .processes(executable: executable, memoryBytes: 4 << 30)
        let error = await #expect(throws: PipelineError.self) { try await build(more) }
        #expect(error.map { exitCode(for: $0) } == 75)
        let after = try workspace.files("data").filter { !$0.key.hasPrefix("building") }
        #expect(after == before)
        more.isolation = .none
        let summary = try await build(more)
        #expect(summary.decoded == 1 && summary.stored == 2 && summary.quarantined == 0)
    }

    /// An unmounted disk looks like this: neither another recipe nor `--prune` may empty a dataset.
    @Test(arguments: [true, false])
    func neverPublishesNothingOverSomething(_ prunes: Bool) async throws {
        let (workspace, videos) = try makeOwnVideos()
        var both = try options(workspace, videos, "a.mp4,x,train", "b.mp4,y,train")
        _ = try await build(both)
        let before = try workspace.files("data")
        try FileManager.default.moveItem(atPath: videos, toPath: videos + "-away")
        both.prunes = prunes
        both.overwrite = !prunes
        if !prunes { both.recipe.numFrames = 2 }
        let error = await #expect(throws: PipelineError.self) { try await build(both) }
        #expect(error?.description.contains("2 × missing") == true)
        #expect(error.map { exitCode(for: $0) } == 1)
        let after = try workspace.files("data").filter { !$0.key.hasPrefix("building") }
        #expect(after == before)

        try FileManager.default.moveItem(atPath: videos + "-away", toPath: videos)
        both.prunes = false
        #expect(try await build(both).stored == 2)
    }

    @Test func takesBackAClipWhoseVideoIsGoneToo() async throws {
        let (workspace, videos) = try makeOwnVideos()
        let both = try options(workspace, videos, "a.mp4,x,train", "b.mp4,y,train")
        _ = try await build(both)
        _ = try await build(try options(workspace, videos, "b.mp4,y,train"))
        try removeFile(at: videos + "/a.mp4")
        let summary = try await build(
            try options(workspace, videos, "a.mp4,x,train", "b.mp4,y,train"))
        #expect(summary.stored == 2 && summary.keptWithoutSource == 1)
    }

    @Test func quarantinesADamagedSampleWhoseVideoIsGone() async throws {
        let (workspace, videos) = try makeOwnVideos()
        let both = try options(workspace, videos, "a.mp4,x,train", "b.mp4,y,train")
        _ = try await build(both)
        let reader = try Dataset(directory: both.outputDirectory).readers()[0]
        let key = Clip(video: "a.mp4").key
        let sample = try #require(reader.samples.first { $0.key == key })
        var tar = try readFile(reader.path)
        tar[sample.members[0].offset + 9] ^= 1
        try publishFile(tar, at: reader.path)
        try removeFile(at: videos + "/a.mp4")
        let summary = try await build(
            try options(workspace, videos, "a.mp4,z,train", "b.mp4,y,train"))
        #expect(summary.stored == 1 && summary.reasons == ["damaged-sample": 1])
    }
}
