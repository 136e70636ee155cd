import Foundation
import Recipes
import Shards
import TestSupport
import Testing

@testable import Pipelines

@Suite(.serialized)
struct SourcesInSplitsTests {
    @Test func findsContentsInSeveralSplits() {
        let (one, two) = (String(repeating: "1a", count: 32), String(repeating: "2b", count: 32))
        var sources = SourcesInSplits()
        sources.add(one, of: 0, in: .train)
        sources.add(two, of: 1, in: .train)
        sources.add(one, of: 2, in: .train)
        // Of videos behind web addresses nothing is known.
        sources.add("", of: 3, in: .train)
        sources.add("", of: 4, in: .test)
        #expect(sources.straddling.isEmpty)
        sources.add(two, of: 5, in: .test)
        #expect(sources.straddling == [1])
    }

    @Test func copiesOfAVideoInSeveralSplitsAreReported() async throws {
        let workspace = try Workspace()
        let copy = "\(workspace.url.path)/copy.mp4"
        try FileManager.default.copyItem(
            atPath: Fixtures.path("videos/real/park.mp4"), toPath: copy)
        let text =
            "video,label,split\nreal/park.mp4,a,train\n\(copy),a,test\nreal/realshort.mp4,a,train\n"
        let summary = try await build(try workspace.options(text))
        #expect(summary.straddlingGroups == 1)
        let remarks = try Dataset(directory: "\(workspace.url.path)/data").description.splitRemarks
        #expect(remarks.straddlingGroups == 1 && remarks.straddlingExamples.count == 1)
    }
}
