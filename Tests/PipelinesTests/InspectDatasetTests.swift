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

    @Test func severalQuestionsAboutAClipAreOneClip() async throws {
        let workspace = try Workspace()
        let options = try workspace.options(
            """
            video,label,split,task,id
            real/realshort.mp4,x,train,shape,one
            real/realshort.mp4,y,train,color,two

            """)
        _ = try await build(options)
        let inspection = try InspectDataset(directory: options.outputDirectory)
        let keys = try inspection.keys(of: "real/realshort.mp4")
        #expect(keys.count == 1)
        #expect(try inspection.keys(of: "one") == keys)
        #expect(try inspection.keys(of: "two") == keys)
    }

    @Test func aSheetOfOneClipShowsThatClip() async throws {
        let workspace = try Workspace()
        let options = try workspace.options(
            "video,label,split\nreal/park.mp4,x,train\nreal/realshort.mp4,y,train\n")
        _ = try await build(options)
        let inspection = try InspectDataset(directory: options.outputDirectory)
        func sheet(_ video: String) throws -> Data {
            let path = "\(workspace.url.path)/sheet.png"
            let key = try #require(try inspection.keys(of: video).first)
            try inspection.writeContactSheet(to: path, key: key, count: 1)
            return try Data(contentsOf: URL(fileURLWithPath: path))
        }
        #expect(try sheet("real/park.mp4") != sheet("real/realshort.mp4"))
    }
}
