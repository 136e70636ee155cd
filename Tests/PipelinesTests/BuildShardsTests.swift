import Foundation
import Manifests
import Recipes
import Shards
import TestSupport
import Testing

@testable import Pipelines

@Suite(.serialized)
struct BuildShardsTests {
    @Test func storesOrQuarantinesEveryRow() async throws {
        let workspace = try Workspace()
        let summary = try await build(try workspace.options(Workspace.mixed))
        #expect(summary.rows == 13 && summary.stored == 5 && summary.quarantined == 8)
        let quarantine = try Manifest(
            path: workspace.url.appendingPathComponent("data/quarantine.csv").path)
        #expect(quarantine.count == 8)
        #expect(
            summary.reasons == [
                "empty": 1, "unreadable": 1, "no-video-stream": 1, "missing": 1, "not-a-file": 1,
                "damaged": 1, "missing-label": 1, "duplicate-row": 1,
            ])
        #expect(summary.clips == 5 && summary.questions == 5 && summary.decoded == 5)
    }

    @Test func sameBytesForAnyJobsAndPlace() async throws {
        let workspace = try Workspace()
        var datasets: [[String: Data]] = []
        for (out, jobs) in [("one", 1), ("two", 2), ("three", 5)] {
            _ = try await build(try workspace.options(Workspace.mixed, out: out, jobs: jobs))
            datasets.append(try workspace.files(out))
        }
        #expect(datasets[0].keys.contains("questions.csv"))
        #expect(datasets[0] == datasets[1] && datasets[1] == datasets[2])
    }

    @Test func decodesNothingAgainWhenNothingHasChanged() async throws {
        let workspace = try Workspace()
        _ = try await build(try workspace.options(Workspace.mixed))
        let before = try workspace.files("data")
        let repeated = try await build(try workspace.options(Workspace.mixed))
        #expect(repeated.decoded == 0 && repeated.carried == 5 && repeated.stored == 5)
        #expect(try workspace.files("data") == before)
    }

    @Test func storesAClipOnceWhateverIsAskedAboutIt() async throws {
        let workspace = try Workspace()
        let rows = (0..<10).map { "real/park.mp4,answer,train,task\($0),What is \($0)?" }
        let text = (["video,label,split,task,prompt"] + rows).joined(separator: "\n") + "\n"
        let summary = try await build(try workspace.options(text))
        #expect(summary.clips == 1 && summary.questions == 10 && summary.decoded == 1)
        let dataset = try Dataset(directory: workspace.url.path + "/data")
        #expect(dataset.description.tasks.count == 10)
        #expect(try QuestionsFile(of: dataset).rows.count == 10)
        #expect(try extract(workspace).encoded == 1)
        let features = try Dataset(directory: workspace.url.path + "/features")
        #expect(try QuestionsFile(of: features).rows.map(\.prompt).last == "What is 9?")
    }

    @Test func tasksTogetherMakeTheSameDataset() async throws {
        let workspace = try Workspace()
        _ = try await build(try workspace.options(Workspace.mixed, out: "whole"))
        for index in 0..<3 {
            var options = try workspace.options(Workspace.mixed, out: "parts")
            options.partition = try #require(TaskPartition(checkedIndex: index, count: 3))
            _ = try await build(options)
            let published = try workspace.files("parts")["dataset.json"] != nil
            #expect(published == (index == 2))
        }
        #expect(try workspace.files("parts") == workspace.files("whole"))
    }

    struct OtherSetting: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let change: @Sendable (inout BuildShardsOptions) -> Void
    }

    static let otherSettings = [
        OtherSetting(testDescription: "num_frames") { $0.recipe.numFrames = 2 },
        OtherSetting(testDescription: "seed") { $0.plan.seed = 7 },
        OtherSetting(testDescription: "shard_clips") { $0.shardClips = 2 },
    ]

    @Test(arguments: otherSettings)
    func tasksWithOtherSettingsAreRefused(_ other: OtherSetting) async throws {
        let workspace = try Workspace()
        var options = try workspace.options(Workspace.mixed)
        options.partition = try #require(TaskPartition(checkedIndex: 0, count: 3))
        _ = try await build(options)
        options.partition = try #require(TaskPartition(checkedIndex: 1, count: 3))
        other.change(&options)
        let before = try workspace.files("data")
        let error = await #expect(throws: PipelineError.self) { try await build(options) }
        #expect(error?.description.contains("(\(other.testDescription) is") == true)
        #expect(try workspace.files("data") == before)
        // Nobody works there, so all may begin anew.
        options.overwrite = true
        _ = try await build(options)
    }

    @Test func refusesToMixRecipesUnlessTold() async throws {
        let workspace = try Workspace()
        _ = try await build(try workspace.options(Workspace.mixed))
        var options = try workspace.options(Workspace.mixed)
        options.recipe.numFrames = 2
        let error = #expect(throws: PipelineError.self) { try BuildShards(options: options) }
        #expect(error?.description.contains("num_frames is 3 instead of 2") == true)
        options.overwrite = true
        _ = try await build(options)
        let dataset = try Dataset(directory: options.outputDirectory)
        #expect(dataset.description.array.shape == [3, 2, 28, 28])
    }

    @Test func aDatasetThatHoldsNothingIsReplacedByOneOfAnotherRecipe() async throws {
        let workspace = try Workspace()
        let nothing = "video,label,split\nno-such.mp4,x,train\n"
        _ = try await build(try workspace.options(nothing))
        var options = try workspace.options(Workspace.mixed)
        options.recipe.numFrames = 2
        #expect(try await build(options).stored == 5)
    }

    @Test func refusesADatasetOfAnotherVersion() async throws {
        let workspace = try Workspace()
        let options = try workspace.options(Workspace.mixed)
        _ = try await build(options)
        let path = options.outputDirectory + "/dataset.json"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let changed = text.replacing("\"format_version\" : 2", with: "\"format_version\" : 1")
        try Data(changed.utf8).write(to: URL(fileURLWithPath: path))
        let error = #expect(throws: ShardError.self) { try BuildShards(options: options) }
        #expect(
            error?.description.contains("format version 1; this program reads version 2") == true)
        #expect(error?.description.contains("--overwrite") == true)
    }
}
