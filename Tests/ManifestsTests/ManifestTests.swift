import Files
import Foundation
import Recipes
import TestSupport
import Testing

@testable import Manifests

struct ManifestTests {
    @Test func readsEveryColumn() throws {
        let manifest = try makeManifest(
            """
            video,label,split,task,prompt,start,end,group,id,Camera
            a.mp4,run,val,move,"What, exactly?",0.5,2,g1,clip-1,left
            b.mp4,walk,,,,,,,,

            """)
        #expect(manifest.rejectedRows.isEmpty && manifest.count == 2)
        let first = manifest.rows[0]
        #expect(first.number == 0 && first.line == 2 && first.key == first.clip.key)
        #expect(first.clip == Clip(video: "a.mp4", start: 0.5, end: 2))
        #expect(first.label == "run" && first.task == "move" && first.prompt == "What, exactly?")
        #expect(first.split == .validation && first.group == "g1" && first.id == "clip-1")
        #expect(first.fields.count == 10 && first.fields[4] == "What, exactly?")
        let second = manifest.rows[1]
        #expect(second.clip == Clip(video: "b.mp4") && second.task == Question.defaultTask)
        #expect(second.prompt.isEmpty && second.split == nil && second.group == nil)
        #expect(second.id == nil)
        #expect(manifest.extraColumns == ["group", "camera"])
        #expect(manifest.extra(of: first) == ["group": "g1", "camera": "left"])
        #expect(manifest.extra(of: second) == ["group": "", "camera": ""])
    }

    @Test func readsTabsAndKeepsTheBytes() throws {
        let text = "video\tlabel\na,b.mp4\tx\n"
        let manifest = try makeManifest(text)
        #expect(manifest.isTabSeparated && manifest.bytes == Array(text.utf8))
        #expect(manifest.rows[0].clip.video == "a,b.mp4" && manifest.name == "manifest.csv")
        #expect(try makeManifest("video\tlabel\na\tx\n", name: "m.tsv").rows[0].label == "x")
    }

    @Test func fillsMissingFieldsAndReadsFieldsAfterQuotedOnes() throws {
        let manifest = try makeManifest(
            "video,note,label,id\n\"a\"\"b,\nc\",\"x,\"\"\",run\nb,\"\",walk,\"i,\"\n")
        #expect(manifest.rows.map(\.label) == ["run", "walk"])
        #expect(manifest.rows[0].clip.video == "a\"b,\nc" && manifest.rows[0].id == nil)
        #expect(manifest.rows[0].fields == ["a\"b,\nc", "x,\"", "run", ""])
        #expect(manifest.rows[1].id == "i,")
    }

    @Test func takesComposedAndDecomposedNamesForTwoFiles() throws {
        let manifest = try makeManifest(
            "video,label\n\u{E9}.mp4,x\ne\u{301}.mp4,y\nz.mp4,\u{E9}\nz.mp4,e\u{301}\n")
        #expect(manifest.rows.count == 3)
        #expect(manifest.rows[0].key != manifest.rows[1].key)
        #expect(manifest.rejectedRows.map(\.reason) == ["conflicting-labels"])
    }

    struct BadRow: CustomTestStringConvertible {
        let testDescription: String
        let row: String
        let reason: String
        var namesClip = true
    }

    @Test(arguments: [
        BadRow(
            testDescription: "no video", row: ",x,,,", reason: "missing-video", namesClip: false),
        BadRow(
            testDescription: "a zero byte", row: "b\0.mp4,x,,,", reason: "invalid-video",
            namesClip: false),
        BadRow(testDescription: "no label", row: "b.mp4,,,,", reason: "missing-label"),
        BadRow(testDescription: "unknown split", row: "b.mp4,x,all,,", reason: "invalid-split"),
        BadRow(
            testDescription: "start is no number", row: "b.mp4,x,,one,", reason: "invalid-window",
            namesClip: false),
        BadRow(
            testDescription: "end is not finite", row: "b.mp4,x,,,inf", reason: "invalid-window",
            namesClip: false),
        BadRow(
            testDescription: "end before start", row: "b.mp4,x,,3,2", reason: "invalid-window",
            namesClip: false),
        BadRow(testDescription: "the same row twice", row: "a.mp4,x,,,", reason: "duplicate-row"),
        BadRow(
            testDescription: "another label", row: "a.mp4,y,,,", reason: "conflicting-labels"),
        BadRow(
            testDescription: "too many fields", row: "b.mp4,x,,,,,", reason: "surplus-fields",
            namesClip: false),
    ])
    func rejectsOnlyTheBadRow(_ bad: BadRow) throws {
        let manifest = try makeManifest("video,label,split,start,end\na.mp4,x,,,\n\(bad.row)\n")
        #expect(manifest.rows.map(\.clip.video) == ["a.mp4"])
        #expect(manifest.rejectedRows.map(\.reason) == [bad.reason])
        let rejected = try #require(manifest.rejectedRows.first)
        #expect(rejected.detail.hasPrefix("manifest.csv, line 3, column "))
        #expect(rejected.number == 1 && (rejected.key != nil) == bad.namesClip)
        #expect(manifest.count == 2)
    }

    @Test func rejectsRowsThatDivideAGroup() throws {
        let manifest = try makeManifest(
            "video,label,split,group\na,x,train,g\nb,x,test,g\nc,x,test,h\nd,x,,g\n")
        #expect(manifest.rejectedRows.map(\.reason) == ["divided-group"])
        #expect(manifest.rejectedRows[0].detail.contains("line 3, column split: found test"))
        #expect(manifest.rows.map(\.clip.video) == ["a", "c", "d"])
    }

    struct BadFile: CustomTestStringConvertible {
        let testDescription: String
        let text: String
        let expected: String
    }

    @Test(arguments: [
        BadFile(testDescription: "empty", text: "", expected: "is empty"),
        BadFile(testDescription: "header only", text: "video,label\n", expected: "no rows"),
        BadFile(
            testDescription: "no video column", text: "path,label\na,b\n",
            expected: "no column `video`; found `path`, `label`"),
        BadFile(
            testDescription: "no label column", text: "video\na\n",
            expected: "no column `label`"),
        BadFile(
            testDescription: "column twice", text: "video,label,Label\na,b,c\n",
            expected: "`label` occurs twice"),
    ])
    func refusesFilesThatCannotBeUsed(_ bad: BadFile) throws {
        let error = #expect(throws: ManifestError.self) { try makeManifest(bad.text) }
        #expect(error?.description.contains(bad.expected) == true, "\(String(describing: error))")
    }

    @Test func namesTheReasonWhenTheFileCannotBeRead() throws {
        let missing = #expect(throws: ManifestError.self) { try Manifest(path: "no-such.csv") }
        #expect(
            missing?.description
                == "Cannot read the manifest no-such.csv: No such file or directory.")
    }

    @Test(arguments: [Manifest.quarantineColumns, ["reason", "stage", "detail", "attempts"]])
    func readsItsOwnQuarantineFile(_ columns: [String]) throws {
        let header = ["video", "key", "label"] + columns
        let values = columns.map { "its \($0), \"said\"" }
        let manifest = try makeManifest(
            csvRecord(header) + "\n" + csvRecord(["a,b.mp4", "mine", "x"] + values) + "\n")
        #expect(manifest.columns == ["video", "key", "label"])
        #expect(manifest.rows[0].fields == ["a,b.mp4", "mine", "x"])
        #expect(manifest.extra(of: manifest.rows[0]) == ["key": "mine"])
    }

    @Test func keepsColumnsThatAreOnlyCalledLikeQuarantineColumns() throws {
        let manifest = try makeManifest("video,reason,stage,detail,attempts,label\na,b,c,d,e,f\n")
        #expect(manifest.extraColumns == ["reason", "stage", "detail", "attempts"])
        #expect(manifest.rows[0].label == "f")
    }

    @Test func readsAFolderAsItsOwnManifest() throws {
        try withFolder(of: ["run/b.mp4", "run/a.mp4", "walk/c.webm"]) { folder in
            let manifest = try Manifest(path: folder + "/")
            #expect(manifest.rows.map(\.clip.video) == ["run/a.mp4", "run/b.mp4", "walk/c.webm"])
            #expect(manifest.name == lastComponent(of: folder))
            #expect(
                String(decoding: manifest.bytes, as: UTF8.self)
                    == "video,label\nrun/a.mp4,run\nrun/b.mp4,run\nwalk/c.webm,walk\n")
        }
    }

    @Test func readsTheDemoManifest() throws {
        let manifest = try Manifest(
            path: Fixtures.package.appendingPathComponent("manifests/scenes.csv").path)
        #expect(manifest.rows.count == 216 && manifest.rejectedRows.isEmpty)
        #expect(AnswerSets(labelsOf: manifest.rows).sets.map(\.classes.count) == [9])
    }
}
