import Testing

@testable import Manifests

struct VideoIndexTests {
    @Test func choosesTheVideoInTheFoldersThatAreAskedFor() throws {
        let paths = ["A.mp4", "test/air_drumming/A.mp4", "train/Air Drumming/A.mkv", "x/B.tar.avi"]
        try withFolder(of: paths) { folder in
            let index = try VideoIndex(directory: folder)
            #expect(index.path(ofStem: "A") == "A.mp4")
            #expect(index.path(ofStem: "A", folders: ["air drumming"]) == paths[1])
            #expect(index.path(ofStem: "A", folders: ["train", "air drumming"]) == paths[2])
            #expect(index.path(ofStem: "B.tar") == paths[3] && index.path(ofStem: "B") == nil)
        }
    }
}
