import Files
import Foundation
import TestSupport
import Testing

@testable import Pipelines

struct InspectDatasetTests {
    @Test func findsClipsByKeyPathAndId() async throws {
        let workspace = try Workspace()
        let options = try workspace.options(
            """
            video,label,split,start,id
            real/park.mp4,x,train,0.1,one
            real/park.mp4,y,train,0.2,two
            real/realshort.mp4,x,train,,three

            """)
        _ = try await build(options)
        _ = try extract(workspace)
        for folder in [options.outputDirectory, "\(workspace.url.path)/features"] {
            let inspection = try InspectDataset(directory: folder)
            let two = try #require(try inspection.keys(of: "two").first)
            #expect(try inspection.keys(of: "\(two)") == [two])
            let windows = try inspection.keys(of: "real/park.mp4")
            #expect(windows.count == 2 && windows[1] == two)
            // As a shell completes it.
            #expect(try inspection.keys(of: Fixtures.path("videos/real/park.mp4")) == windows)
            let error = #expect(throws: PipelineError.self) {
                try inspection.keys(of: "real/prak.mp4")
            }
            #expect(error?.description.contains("Did you mean `real/park.mp4`?") == true)
        }
    }
}
