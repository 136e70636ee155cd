import Foundation
import TestSupport
import Testing

@testable import Manifests

/// Reads `text` as a manifest file.
func makeManifest(_ text: String) throws -> Manifest {
    try makeManifest(bytes: Array(text.utf8))
}

func makeManifest(bytes: [UInt8]) throws -> Manifest {
    let directory = try Fixtures.makeTemporaryDirectory()
    defer { try? FileManager.default.removeItem(at: directory) }
    let file = directory.appendingPathComponent("manifest.csv")
    try Data(bytes).write(to: file)
    return try Manifest(path: file.path)
}

struct ManifestTests {
    @Test func readsEveryColumn() throws {
        let manifest = try makeManifest(
            """
            video,label,split,prompt,start,end,group,id,camera
            a.mp4,run,val,"What, exactly?",0.5,2,g1,clip-1,left
            b.mp4,walk,,,,,,,

            """)
        #expect(manifest.rejectedRows.isEmpty)
        let first = manifest.rows[0]
        #expect(first.key == "00000000" && first.line == 2)
        #expect(first.split == .validation && first.prompt == "What, exactly?")
        #expect(first.start == 0.5 && first.end == 2)
        #expect(first.group == "g1" && first.id == "clip-1" && first.extra == ["camera": "left"])
        #expect(manifest.rows[1].split == nil && manifest.rows[1].extra.isEmpty)
    }

    @Test func acceptsByteOrderMarkCRLFAndMissingFinalLineEnd() throws {
        let manifest = try makeManifest("\u{FEFF}video,label\r\na.mp4,x\r\nb.mp4,y")
        #expect(manifest.rows.map(\.video) == ["a.mp4", "b.mp4"])
        #expect(manifest.rows.map(\.label) == ["x", "y"])
    }

    @Test func countsLinesThroughQuotedLineEnds() throws {
        let manifest = try makeManifest("video,label,note\na.mp4,x,\"two\nlines\"\nb.mp4,,z\n")
        #expect(manifest.rows.map(\.line) == [2])
        #expect(manifest.rejectedRows[0].detail.contains("line 4, column label"))
    }

    struct BadRow: CustomTestStringConvertible {
        let description: String
        let row: String
        let reason: String
        var testDescription: String { description }
    }

    @Test(arguments: [
        BadRow(description: "no video", row: ",x,,,", reason: "missing-video"),
        BadRow(description: "no label", row: "b.mp4,,,,", reason: "missing-label"),
        BadRow(description: "unknown split", row: "b.mp4,x,dev,,", reason: "invalid-split"),
        BadRow(description: "start is no number", row: "b.mp4,x,,one,", reason: "invalid-window"),
        BadRow(description: "end is not finite", row: "b.mp4,x,,,inf", reason: "invalid-window"),
        BadRow(description: "end before start", row: "b.mp4,x,,3,2", reason: "invalid-window"),
        BadRow(description: "the same clip twice", row: "a.mp4,x,,,", reason: "duplicate-row"),
        BadRow(description: "too many fields", row: "b.mp4,x,,,,,", reason: "surplus-fields"),
    ])
    func rejectsOnlyTheBadRow(_ bad: BadRow) throws {
        let manifest = try makeManifest("video,label,split,start,end\na.mp4,x,,,\n\(bad.row)\n")
        #expect(manifest.rows.map(\.video) == ["a.mp4"])
        #expect(manifest.rejectedRows.map(\.reason) == [bad.reason])
        #expect(manifest.rejectedRows[0].detail.contains("line 3, column "))
        #expect(manifest.count == 2)
    }

    struct BadFile: CustomTestStringConvertible {
        let description: String
        let bytes: [UInt8]
        let expected: String
        var testDescription: String { description }
    }

    @Test(arguments: [
        BadFile(description: "empty", bytes: [], expected: "is empty"),
        BadFile(description: "blank", bytes: Array(" \n\n".utf8), expected: "is empty"),
        BadFile(
            description: "header only", bytes: Array("video,label\n".utf8), expected: "no rows"),
        BadFile(
            description: "no video column", bytes: Array("path,label\na,b\n".utf8),
            expected: "no column `video`; found `path`, `label`"),
        BadFile(
            description: "no label column", bytes: Array("video\na\n".utf8),
            expected: "no column `label`"),
        BadFile(
            description: "column twice", bytes: Array("video,label,label\na,b,c\n".utf8),
            expected: "`label` stands there twice"),
        BadFile(
            description: "Latin-1", bytes: Array("video,label\na,b\nc,caf".utf8) + [0xE9, 0x0A],
            expected: "line 3: the text is not UTF-8"),
        BadFile(
            description: "open quote", bytes: Array("video,label\n\"a,b\n".utf8),
            expected: "line 2: a quoted field never ends"),
        BadFile(
            description: "stray quote", bytes: Array("video,label\na,b\na\"b\"c,d\n".utf8),
            expected: "line 3: a quote stands where none may be"),
    ])
    func refusesFilesThatCannotBeUsed(_ bad: BadFile) throws {
        let error = #expect(throws: ManifestError.self) { try makeManifest(bytes: bad.bytes) }
        #expect(error?.description.contains(bad.expected) == true, "\(String(describing: error))")
    }

    @Test func namesTheReasonWhenTheFileCannotBeRead() throws {
        let missing = #expect(throws: ManifestError.self) { try Manifest(path: "no-such.csv") }
        #expect(
            missing?.description == "Cannot read the manifest no-such.csv: there is no such file.")
        let folder = #expect(throws: ManifestError.self) {
            try Manifest(path: Fixtures.directory.path)
        }
        #expect(folder?.description.contains("it is a directory") == true)
    }

    @Test func readsItsOwnQuarantineFile() throws {
        let header = ["video", "label"] + Manifest.quarantineColumns
        let row = ["a,b.mp4", "x", "damaged", "decode", "it said \"no\"", "1"]
        let manifest = try makeManifest(csvRecord(header) + "\n" + csvRecord(row) + "\n")
        #expect(manifest.columns == ["video", "label"])
        #expect(manifest.rows[0].video == "a,b.mp4" && manifest.rows[0].extra.isEmpty)
    }

    @Test func readsTheDemoManifest() throws {
        let manifest = try Manifest(
            path: Fixtures.package.appendingPathComponent("manifests/scenes.csv").path)
        #expect(manifest.rows.count == 216 && manifest.rejectedRows.isEmpty)
        #expect(ClassNames(labelsOf: manifest.rows).names.count == 9)
    }
}
