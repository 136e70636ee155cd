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

    /// Looks at copies of fixtures, each called by its name in the manifest.
    private func examine(
        _ copies: [(name: String, of: String)], rows: [String]
    ) async throws -> DoctorReport {
        let workspace = try Workspace()
        for copy in copies {
            try FileManager.default.copyItem(
                atPath: Fixtures.path("videos/real/\(copy.of)"),
                toPath: "\(workspace.url.path)/\(copy.name)")
        }
        var options = try workspace.options(
            "video,label,split,start\n" + rows.map { $0 + "\n" }.joined())
        options.rootDirectory = workspace.url.path
        return try await Doctor(options: options).run(stop: StopSignal()) { _ in }
    }

    @Test func duplicatesNameTheirCopiesAndWhatIsSaidOtherwiseOfThem() async throws {
        let report = try await examine(
            [
                ("a.mp4", "realshort.mp4"), ("b.mp4", "realshort.mp4"), ("c.mp4", "park.mp4"),
                ("d.mp4", "park.mp4"),
            ], rows: ["a.mp4,x,train,", "b.mp4,x,train,", "c.mp4,x,train,", "d.mp4,y,test,"])
        let found = report.findings.filter { $0.kind == "duplicate-content" }
        #expect(found.map(\.video) == ["a.mp4", "c.mp4"] && !found.contains { $0.isFault })
        #expect(
            found.map(\.detail) == [
                "the same content as b.mp4",
                "the same content as d.mp4; with other labels; in other splits",
            ])
    }

    @Test func videosFarShorterOrLongerThanUsualAreOutliers() async throws {
        let usual = (0..<8).map { ("s\($0).mp4", "realshort.mp4") }
        let copies = usual + [("long.mp4", "carphone_pristine.mp4"), ("short.mp4", "park.mp4")]
        let report = try await examine(copies, rows: copies.map { "\($0.0),x,train," })
        let found = report.findings.filter { $0.kind == "duration-outlier" }
        #expect(found.map(\.video) == ["long.mp4", "short.mp4"])
        #expect(found.first?.detail == "4.0 s; half of all videos have 1.2 to 1.2 s")
    }

    @Test func theSizeOfAllClipsIsThatOfSomeTimesTheirNumber() async throws {
        let video = [("a.mp4", "realshort.mp4")]
        let one = try await examine(video, rows: ["a.mp4,x,train,"])
        let many = try await examine(video, rows: (0..<20).map { "a.mp4,x,train,0.0\(10 + $0)" })
        // Three frames of 28 × 28 pixels in RGB.
        #expect(one.predictedBytes > 3 * 3 * 28 * 28)
        #expect(many.rows == 20 && many.predictedBytes == 20 * one.predictedBytes)
    }

    @Test func countsAndFaultsAreThoseOfTheVideos() async throws {
        let workspace = try Workspace()
        let report = try await Doctor(options: workspace.options(Workspace.mixed))
            .run(stop: StopSignal()) { _ in }
        #expect(report.rows == 13 && report.videos == 11 && report.frames == 289)
        #expect(report.labels["train"] == ["x": 5, "y": 3] && report.labels["test"] == ["y": 1])
        #expect(report.counts["codec"] == ["h264": 5, "mjpeg": 1])
        func videos(_ kind: String) -> [String] {
            report.findings.filter { $0.kind == kind }.map(\.video)
        }
        #expect(videos("damaged") == ["derived/bikes_cut_header_first.mp4"])
        #expect(
            videos("header-count") == ["real/park.mp4", "derived/bikes_cut_header_first.mp4"])
        #expect(videos("missing") == ["no-such.mp4"])
        #expect(report.findings.count { $0.isFault } == 8)
    }
}
