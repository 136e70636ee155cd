import Foundation
import TestSupport
import Testing

@testable import Pipelines

struct DoctorTests {
    /// Equal as strings, but two files.
    @Test func namesOfOtherBytesAreOtherVideos() async throws {
        let workspace = try Workspace()
        let names = ["caf\u{E9}.mp4", "cafe\u{301}.mp4"]
        for name in names {
            try FileManager.default.copyItem(
                atPath: Fixtures.path("videos/real/realshort.mp4"),
                toPath: "\(workspace.url.path)/\(name)")
        }
        var options = try workspace.options(
            "video,label,split\n" + names.map { "\($0),x,train\n" }.joined())
        options.rootDirectory = workspace.url.path
        let report = try await Doctor(options: options).run(stop: StopSignal()) { _ in }
        #expect(report.videos == 2)
        #expect(report.findings.count { $0.detail.hasPrefix("the same content as ") } == 1)
    }
}
