import Foundation
import Manifests
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
            splitFractions: try SplitFractions("0.8,0.1,0.1"), jobs: jobs)
        options.rootDirectory = Fixtures.path("videos")
        options.imageSize = 28
        options.numFrames = 3
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

func build(_ options: BuildShardsOptions) async throws -> StageSummary {
    try await BuildShards(options: options).run(stop: StopSignal()) { _ in }
}
