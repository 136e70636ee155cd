import Files
import Foundation
import TestSupport
import Testing

@testable import Pipelines

/// Builds that were stopped within a shard go on there.
@Suite(.serialized)
struct InterruptedBuildTests {
    private static let numClips = 5
    private static let manifest = """
        video,label,split,start
        real/park.mp4,x,train,0.0
        real/park.mp4,x,train,0.5
        real/realshort.mp4,y,test,0.0
        derived/one_frame.mp4,y,train,0.0
        derived/three_frames_mjpeg.avi,z,val,0.0

        """

    @Test func goesOnWithinAShardAfterAStop() async throws {
        let workspace = try Workspace()
        var options = try workspace.options(Self.manifest, jobs: 1)
        options.shardClips = 100
        let stop = StopSignal()
        var done = 0
        await #expect(throws: PipelineError.self) {
            try await BuildShards(options: options).run(stop: stop) { progress in
                done = progress.done
                if done == 2 { stop.request(SIGTERM) }
            }
        }
        let summary = try await build(options)
        #expect(done >= 2 && summary.decoded == Self.numClips - done)
        options.outputDirectory = workspace.url.path + "/fresh"
        _ = try await build(options)
        #expect(try workspace.files("data") == workspace.files("fresh"))
    }

    /// A requeued job goes on where another host was.
    @Test func takesOverUnfinishedShardsOfAnotherHost() async throws {
        let workspace = try Workspace()
        var options = try workspace.options(Self.manifest, jobs: 1)
        options.shardClips = 100
        let stop = StopSignal()
        await #expect(throws: PipelineError.self) {
            try await BuildShards(options: options).run(stop: stop) { progress in
                if progress.done == 1 { stop.request(SIGTERM) }
            }
        }
        let folder = workspace.url.path + "/data/building/shards"
        for name in try namesInDirectory(folder) {
            let elsewhere = name.replacing(
                /\.\d+-\d+\.[0-9a-f]{8}\.partial/, with: ".1-1.00000000.partial")
            try moveFile(from: "\(folder)/\(name)", to: "\(folder)/\(elsewhere)")
        }
        let decoded = try #require(try await build(options).decoded)
        #expect(decoded < Self.numClips)
    }
}
