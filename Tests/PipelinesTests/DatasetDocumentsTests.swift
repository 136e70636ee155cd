import Files
import Foundation
import Recipes
import Shards
import TestSupport
import Testing

@testable import Pipelines

/// `README.md`, `croissant.json` and `SHA256SUMS` of a dataset.
@Suite(.serialized)
struct DatasetDocumentsTests {
    /// A label that is markup everywhere.
    private static let hostile = #"<b>"x"|'`*: # \"#
    private static let manifest = """
        video,label,split,prompt
        real/realshort.mp4,"\(hostile.replacing("\"", with: "\"\""))",train,what?
        derived/one_frame.mp4,y,train,what?
        derived/three_frames_mjpeg.avi,y,test,what?
        derived/empty.mp4,y,train,what?

        """

    private func makeDataset() async throws -> (Workspace, directory: String) {
        let workspace = try Workspace()
        let options = try workspace.options(Self.manifest)
        _ = try await build(options)
        return (workspace, options.outputDirectory)
    }

    private func text(_ name: String, in directory: String) throws -> String {
        String(decoding: try readFile("\(directory)/\(name)"), as: UTF8.self)
    }

    private func verify(_ directory: String) async throws -> [String] {
        try await VerifyDataset(directory: directory, jobs: 2)
            .run(stop: StopSignal()) { _ in }.problems.map(\.path)
    }

    /// Compares `SHA256SUMS` with the files that are there, each read.
    private func expectRightChecksums(_ workspace: Workspace, _ out: String) throws {
        var files = try workspace.files(out)
        let sums = String(decoding: try #require(files["SHA256SUMS"]), as: UTF8.self)
        files["SHA256SUMS"] = nil
        let expected = files.sorted { $0.key < $1.key }.map {
            "\(sha256Hex([UInt8]($0.value)))  \($0.key)\n"
        }
        #expect(sums == expected.joined())
    }

    @Test func everyFileHasItsChecksum() async throws {
        let (workspace, _) = try await makeDataset()
        try expectRightChecksums(workspace, "data")
        try extract(workspace)
        try expectRightChecksums(workspace, "features")
    }

    @Test func anEditAndAnExtractionKeepThemRight() async throws {
        let (workspace, _) = try await makeDataset()
        try extract(workspace)
        let options = try workspace.options(Self.manifest.replacing(",y,test", with: ",z,test"))
        _ = try await build(options)
        try expectRightChecksums(workspace, "data")
        #expect(try text("README.md", in: options.outputDirectory).contains("'2': \"z\""))
        try extract(workspace)
        try expectRightChecksums(workspace, "features")
        #expect(
            try text("README.md", in: "\(workspace.url.path)/features").contains("'2': \"z\""))
    }

    @Test func theFrontMatterSaysSplitsArraysAndClasses() async throws {
        let (workspace, directory) = try await makeDataset()
        let readme = try text("README.md", in: directory)
        for part in [
            "---\nlicense: unknown",
            "  - split: train\n    path: shards/train-*.tar\n  - split: test\n",
            """
              - name: pixel_values.npy.zst
                dtype:
                  array4_d:
                    shape: [3, 3, 28, 28]
                    dtype: uint8

            """,
            #"'0': "<b>\"x\"|'`*: # \\""#, "'1': \"y\"",
            "  - name: train\n    num_bytes: 14112\n    num_examples: 2\n",
        ] { #expect(readme.contains(part), "\(part)") }
        try extract(workspace)
        let features = try text("README.md", in: "\(workspace.url.path)/features")
        #expect(features.contains("  - name: features.npy\n    dtype:\n      array3_d:"))
        #expect(!features.contains("name: questions"))
    }

    @Test func hostileLabelsAreTextInThePage() async throws {
        let (workspace, directory) = try await makeDataset()
        defer { withExtendedLifetime(workspace) {} }
        let page = try text("README.md", in: directory).split(separator: "\n---\n")[1]
        #expect(page.contains(##"&#60;b&#62;\"x\"&#124;\'\`\*&#58; \# \\ |"##))
        #expect(!page.contains("<b>"))
    }

    @Test func croissantHasTheHashesAndTheClasses() async throws {
        let (workspace, directory) = try await makeDataset()
        let json = try JSONSerialization.jsonObject(
            with: Data(readFile("\(directory)/croissant.json")))
        let croissant = try #require(json as? [String: Any])
        let files = try workspace.files("data")
        let distribution = try #require(croissant["distribution"] as? [[String: Any]])
        #expect(distribution.count == 3)
        for file in distribution {
            let content = files[file["contentUrl"] as? String ?? ""]
            #expect(sha256Hex([UInt8](try #require(content))) == file["sha256"] as? String)
        }
        let sets = try #require(croissant["recordSet"] as? [[String: Any]])
        let classes = try #require(sets[1]["data"] as? [[String: Any]])
        #expect(classes.map { $0["classes/label"] as? String } == [Self.hostile, "y"])
    }

    @Test func aLicenseThatWasFilledInStays() async throws {
        let (workspace, directory) = try await makeDataset()
        let path = "\(directory)/README.md"
        let edited = try text("README.md", in: directory)
            .replacing("license: unknown", with: "license: cc-by-4.0")
        try publishFile([UInt8](edited.utf8), at: path)
        #expect(try await verify(directory) == ["croissant.json", "SHA256SUMS"])
        _ = try await build(try workspace.options(Self.manifest))
        #expect(try text("README.md", in: directory) == edited)
        #expect(try text("croissant.json", in: directory).contains("\"cc-by-4.0\""))
        try expectRightChecksums(workspace, "data")
        #expect(try await verify(directory).isEmpty)
    }

    @Test func repairWritesThemAgainWithoutTheVideos() async throws {
        let (workspace, directory) = try await makeDataset()
        try FileManager.default.removeItem(
            at: workspace.url.appendingPathComponent("videos.csv"))
        let before = try workspace.files("data")
        for name in DatasetDocuments.names {
            try removeFile(at: "\(directory)/\(name)")
            #expect(try await verify(directory) == [name])
            _ = try await RepairDataset(
                directory: directory, root: "/nowhere", jobs: 1, isolation: .none
            ).run(stop: StopSignal()) { _ in }
            #expect(try workspace.files("data") == before)
        }
    }
}
