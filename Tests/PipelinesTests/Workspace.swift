import Foundation
import Manifests
import Models
import Recipes
import Shards
import TestSupport

@testable import Pipelines

/// A folder with a manifest, and where datasets go; removed with the value.
final class Workspace {
    let url: URL

    init() throws { url = try Fixtures.makeTemporaryDirectory() }
    deinit { try? FileManager.default.removeItem(at: url) }

    func manifest(_ text: String) throws -> String {
        let path = url.appendingPathComponent("videos.csv").path
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        return path
    }

    func options(
        _ text: String, out: String = "data", jobs: Int = 2
    ) throws -> BuildShardsOptions {
        var options = BuildShardsOptions(
            manifestPath: try manifest(text),
            outputDirectory: url.appendingPathComponent(out).path,
            plan: DatasetPlan.Options(
                fractions: try SplitFractions("0.8,0.1,0.1"), seed: 42),
            jobs: jobs)
        options.rootDirectory = Fixtures.path("videos")
        options.recipe.imageSize = 28
        options.recipe.numFrames = 3
        options.shardClips = 4
        return options
    }

    /// Every file of a dataset but the report, by name.
    func files(_ out: String) throws -> [String: Data] {
        let folder = url.appendingPathComponent(out)
        var files: [String: Data] = [:]
        let names = try FileManager.default.subpathsOfDirectory(atPath: folder.path)
        for name in names where name != ShardFormat.reportName {
            files[name] = FileManager.default.contents(
                atPath: folder.appendingPathComponent(name).path)
        }
        return files
    }

    static let mixed = """
        video,label,split
        real/realshort.mp4,x,train
        real/park.mp4,y,train
        derived/empty.mp4,x,train
        derived/one_frame.mp4,y,test
        derived/text.mp4,x,train
        derived/audio_only.mp4,y,val
        no-such.mp4,x,train
        derived,y,train
        real/carphone_distorted.mp4,x,val
        derived/bikes_cut_header_first.mp4,y,train
        real/realshort.mp4,,train
        real/park.mp4,y,train
        derived/three_frames_mjpeg.avi,x,train

        """
}

/// The features of the dataset `out` by the smallest model.
@discardableResult
func extract(
    _ workspace: Workspace, out: String = "data", into: String = "features",
    tokens: TokenSelection = .all, stop: StopSignal = StopSignal(),
    progress: (StageProgress) -> Void = { _ in }
) throws -> StageSummary {
    let model = try ModelDirectory.resolve("preset:tiny")
    return try ExtractFeatures(
        pixels: Dataset(directory: "\(workspace.url.path)/\(out)"),
        encoding: FeatureEncoding(
            model: model,
            recipe: try FeatureEncoding.recipe(of: model, precision: .float32, tokens: tokens)),
        options: .init(outputDirectory: "\(workspace.url.path)/\(into)")
    ).run(stop: stop, progress: progress)
}

func build(_ options: BuildShardsOptions) async throws -> StageSummary {
    try await BuildShards(options: options).run(stop: StopSignal()) { _ in }
}
