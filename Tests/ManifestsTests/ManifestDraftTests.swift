import Foundation
import Testing

@testable import Manifests

struct ManifestDraftTests {
    @Test func writesOnlyColumnsThatAreUsed() {
        var draft = ManifestDraft()
        draft.rows = [
            .init(video: "a,b.mp4", label: "x", start: "1", end: "2"),
            .init(video: "c.mp4", label: " y"),
        ]
        #expect(
            lines(draft.csv(folder: "../v")) == [
                "video,label,start,end", "\"../v/a,b.mp4\",x,1,2", "../v/c.mp4,\" y\",,",
            ])
        #expect(lines(draft.csv(folder: "/"))[2] == "/c.mp4,\" y\",,")
    }

    @Test func findsTheWayBetweenFolders() throws {
        try withFolder(of: ["lists/deep/x", "videos/x"]) { folder in
            #expect(relativePath(from: folder, to: folder) == "")
            #expect(relativePath(from: folder, to: folder + "/videos/") == "videos")
            let deep = relativePath(from: folder + "/lists/deep", to: folder + "/videos")
            #expect(deep == "../../videos")
            // Through a link `..` leads elsewhere.
            try FileManager.default.createSymbolicLink(
                atPath: folder + "/short", withDestinationPath: folder + "/lists/deep")
            #expect(relativePath(from: folder + "/short", to: folder + "/videos") == "../../videos")
        }
    }
}
