import Foundation
import Manifests
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
    }

    @Test func sameBytesForAnyJobsAndPlace() async throws {
        let workspace = try Workspace()
        var datasets: [[String: Data]] = []
        for (out, jobs) in [("one", 1), ("two", 2), ("three", 5)] {
            _ = try await build(try workspace.options(Workspace.mixed, out: out, jobs: jobs))
            datasets.append(try workspace.files(out))
        }
        #expect(datasets[0].count == 12)
        #expect(datasets[0] == datasets[1] && datasets[1] == datasets[2])
    }

    @Test func keepsWhatIsUnchangedAndRebuildsWhatIsNot() async throws {
        let workspace = try Workspace()
        _ = try await build(try workspace.options(Workspace.mixed))
        let before = try workspace.files("data")
        let repeated = try await build(try workspace.options(Workspace.mixed))
        #expect(repeated.clipsPerSecond == 0 && repeated.stored == 5)
        #expect(try workspace.files("data") == before)
        let changed = Workspace.mixed.replacing("one_frame.mp4,y", with: "one_frame.mp4,x")
        _ = try await build(try workspace.options(changed))
        let after = try workspace.files("data")
        #expect(after["shards/test-00000.tar"] != before["shards/test-00000.tar"])
        #expect(after["shards/train-00000.tar"] == before["shards/train-00000.tar"])
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

    @Test func refusesToMixSettingsUnlessTold() async throws {
        let workspace = try Workspace()
        _ = try await build(try workspace.options(Workspace.mixed))
        var options = try workspace.options(Workspace.mixed)
        options.numFrames = 2
        #expect(throws: PipelineError.self) { try BuildShards(options: options) }
        options.overwrite = true
        _ = try await build(options)
        let dataset = try Dataset(directory: options.outputDirectory)
        #expect(dataset.description.array.shape == [3, 2, 28, 28])
    }

    @Test func refusesADatasetOfAnotherVersion() async throws {
        let workspace = try Workspace()
        let options = try workspace.options(Workspace.mixed)
        _ = try await build(options)
        let path = options.outputDirectory + "/dataset.json"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let changed = text.replacing("\"format_version\" : 1", with: "\"format_version\" : 2")
        try Data(changed.utf8).write(to: URL(fileURLWithPath: path))
        let error = #expect(throws: ShardError.self) { try BuildShards(options: options) }
        #expect(
            error?.description.contains("format version 2; this program reads version 1") == true)
    }
}
