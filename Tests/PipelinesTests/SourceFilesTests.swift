import Files
import Foundation
import Manifests
import TestSupport
import Testing

@testable import Pipelines

struct SourceFilesTests {
    /// Canonically equivalent, so equal as `String`; to a file system they are two names.
    private static let names = ["caf\u{E9}.mp4", "cafe\u{301}.mp4"]

    private func makeWorkspace() throws -> (Workspace, [String]) {
        let workspace = try Workspace()
        let hashes = try zip(Self.names, ["real/park.mp4", "real/realshort.mp4"]).map {
            let bytes = try readFile(Fixtures.path("videos/\($1)"))
            try publishFile(bytes, at: "\(workspace.url.path)/\($0)")
            return sha256Hex(bytes)
        }
        return (workspace, hashes)
    }

    @Test func tellsComposedFromDecomposedNames() throws {
        let (workspace, hashes) = try makeWorkspace()
        let sources = SourceFiles(
            root: workspace.url.path, timeoutSeconds: 60, addresses: WebAddresses())
        for (name, hash) in zip(Self.names, hashes) {
            #expect(try sources.state(of: name) == .content(hash))
        }
        #expect(sources.recorded(Self.names).count == 2)
    }

    @Test func remembersBothFromBuildToBuild() async throws {
        let (workspace, hashes) = try makeWorkspace()
        var options = try workspace.options(
            "video,label,split\n\(Self.names[0]),x,train\n\(Self.names[1]),y,train\n")
        options.rootDirectory = workspace.url.path
        #expect(try await build(options).decoded == 2)
        let sources = try BuildReport.read(options.outputDirectory).sources
        #expect(sources.count == 2 && Set(hashes).count == 2)
        let before = try workspace.files("data")
        #expect(try await build(options).decoded == 0)
        #expect(try workspace.files("data") == before)
    }
}
