import Foundation
import Testing

@testable import Manifests

struct FolderManifestTests {
    @Test func takesFirstFoldersForClasses() throws {
        let paths = [
            "walk/b.MP4", "walk/deep/er/a.webm", "run/z.mkv", "run/notes.txt", "run/.hidden.mp4",
            ".cache/x.mp4", "empty/readme.md", "loose.mp4",
        ]
        try withFolder(of: paths) { folder in
            let draft = try folderManifest(of: folder)
            #expect(
                lines(draft.csv()) == [
                    "video,label", "run/z.mkv,run", "walk/b.MP4,walk", "walk/deep/er/a.webm,walk",
                ])
            #expect(draft.counts == .init(rows: 3, classes: 2, missing: 0, skipped: 1))
        }
    }

    @Test(arguments: [true, nil] as [Bool?])
    func readsFoldersOfSplits(_ splits: Bool?) throws {
        let paths = [
            "train/run/a.mp4", "train/walk/b.mp4", "val/run/c.mp4", "test/run/d.mp4",
            "test/loose.mp4", "notes/readme.md",
        ]
        try withFolder(of: paths) { folder in
            let draft = try folderManifest(of: folder, splits: splits)
            #expect(
                lines(draft.csv()) == [
                    "video,label,split", "test/run/d.mp4,run,test", "train/run/a.mp4,run,train",
                    "train/walk/b.mp4,walk,train", "val/run/c.mp4,run,validation",
                ])
            #expect(draft.counts.skipped == 1)
        }
    }

    @Test func takesSplitNamesForClassesIfOthersAreThere() throws {
        try withFolder(of: ["train/a.mp4", "bus/b.mp4"]) { folder in
            let draft = try folderManifest(of: folder)
            #expect(draft.counts.classes == 2)
            let error = #expect(throws: ManifestError.self) {
                try folderManifest(of: folder, splits: true)
            }
            #expect(error?.description.contains("`bus` is not a split") == true)
        }
    }

    @Test(arguments: [["a.mp4"], ["train/a.mp4"]])
    func namesTheRemedyForVideosWithoutClass(_ paths: [String]) throws {
        try withFolder(of: paths) { folder in
            let error = #expect(throws: ManifestError.self) { try folderManifest(of: folder) }
            #expect(error?.description.contains("in no folder named after their class") == true)
        }
    }

    @Test func refusesFoldersWithoutVideos() throws {
        try withFolder(of: ["run/a.txt"]) { folder in
            let error = #expect(throws: ManifestError.self) { try Manifest(path: folder) }
            #expect(error?.description.contains("there are no videos") == true)
        }
    }

    @Test func sortsByBytes() throws {
        try withFolder(of: ["x/Z.mp4", "x/a.mp4", "x/\u{E9}.mp4", "x/e\u{301}.mp4"]) { folder in
            let found = try folderManifest(of: folder).rows.map { Array($0.video.utf8) }
            let expected = ["x/Z.mp4", "x/a.mp4", "x/e\u{301}.mp4", "x/\u{E9}.mp4"]
            #expect(found == expected.map { Array($0.utf8) })
        }
    }

    @Test func followsLinksWithoutGoingInCircles() throws {
        try withFolder(of: ["data/run/a.mp4", "other/b.mp4"]) { folder in
            let link = { (name: String, target: String) in
                try FileManager.default.createSymbolicLink(
                    atPath: "\(folder)/data/run/\(name)", withDestinationPath: target)
            }
            try link("circle", "..")
            try link("self", ".")
            try link("linked", "\(folder)/other")
            try link("again", "../../other")
            try link("file.mp4", "\(folder)/other/b.mp4")
            try link("broken.mp4", "no-such-file")
            let found = try folderManifest(of: folder + "/data").rows.map(\.video)
            #expect(
                found == ["run/a.mp4", "run/again/b.mp4", "run/broken.mp4", "run/file.mp4"])
        }
    }

    @Test func groupsClipsNamedAsInUCF101() throws {
        try withFolder(of: ["Archery/v_Archery_g03_c07.avi", "Archery/other.avi"]) { folder in
            let draft = try folderManifest(of: folder)
            #expect(
                lines(draft.csv()) == [
                    "video,label,group", "Archery/other.avi,Archery,",
                    "Archery/v_Archery_g03_c07.avi,Archery,v_Archery_g03",
                ])
        }
    }

    @Test func saysThatANameIsNotUTF8() throws {
        try withFolder(of: ["run/a.mp4"]) { folder in
            let name = Array("\(folder)/run/b".utf8.map { CChar(bitPattern: $0) }) + [-1, 0x2E]
            let file = open(
                name + "mp4".utf8.map { CChar(bitPattern: $0) } + [0], O_CREAT | O_WRONLY, 0o644)
            #expect(file >= 0)
            close(file)
            let error = #expect(throws: ManifestError.self) { try Manifest(path: folder) }
            #expect(error?.description.contains("is not UTF-8; rename the file") == true)
        }
    }
}
