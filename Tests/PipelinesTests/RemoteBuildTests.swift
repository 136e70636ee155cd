import Files
import Foundation
import Shards
import TestSupport
import Testing

@testable import Pipelines

/// Builds from web addresses, served by this process.
@Suite(.serialized)
struct RemoteBuildTests {
    private let server: LoopbackServer
    private let workspace: Workspace
    private let options: BuildShardsOptions

    init() throws {
        server = try LoopbackServer(path: Fixtures.path("videos/real/park.mp4"))
        workspace = try Workspace()
        let address = server.url.replacing("://", with: "://me:s3cret@")
        options = try workspace.options(
            "video,label,split\n\(address),x,train\n\(address)?2,y,train\n"
                + "\(address.replacing("clip", with: "http://me:s3cret@")),,train\n")
    }

    @Test func passwordsAreSentAndNeverWritten() async throws {
        let summary = try await build(options)
        #expect(summary.stored == 2 && summary.quarantined == 1)
        #expect(server.authorizations.allSatisfy { $0 == "Basic bWU6czNjcmV0" })
        let report = try readFile("\(options.outputDirectory)/build-report.json")
        for content in try workspace.files("data").values.map({ Array($0) }) + [report] {
            #expect(content.firstRange(of: Array("s3cret".utf8)) == nil)
        }
    }

    @Test func aFileThatChangesOnItsServerIsDecodedAgain() async throws {
        #expect(try await build(options).decoded == 2)
        #expect(try await build(options).decoded == 0)
        let before = try workspace.files("data")
        try server.replaceContent(path: Fixtures.path("videos/real/bikes.mp4"))
        #expect(try await build(options).decoded == 2)
        #expect(try workspace.files("data") != before)
        #expect(try await build(options).decoded == 0)
    }
}
