import Recipes
import Testing

@testable import Manifests

struct RepeatedRowsTests {
    @Test func letsQuestionsOfOneClipDifferInTaskOrPrompt() throws {
        let manifest = try makeManifest(
            """
            video,label,task,prompt,start
            a,x,,,
            a,y,other,,
            a,y,,why?,
            a,y,,,1
            a,z,other,,
            a,x,default,,
            """)
        #expect(manifest.rows.map(\.line) == [2, 3, 4, 5])
        #expect(manifest.rejectedRows.map(\.reason) == ["conflicting-labels", "duplicate-row"])
        #expect(manifest.rejectedRows[0].detail.contains("line 3 answers the same question"))
        #expect(manifest.rejectedRows[1].detail.contains("as line 2"))
    }

    @Test func comparesWindowsAsNumbers() throws {
        let manifest = try makeManifest("video,label,start\na,x,1\na,x,1.0\na,x,0\na,x,-0\n")
        #expect(manifest.rows.map(\.line) == [2, 4])
        #expect(manifest.rejectedRows.map(\.reason) == ["duplicate-row", "duplicate-row"])
    }

    @Test func findsClipsThatShareAKey() throws {
        let text = "a,x\nb,x\na,y\n"
        let layout = try #require(ColumnLayout(names: ["video", "label"]))
        let records = RecordStore(
            bytes: Array(text.utf8), delimiter: UInt8(ascii: ","), width: 2, layout: layout)
        let key = try #require(ClipKey("00000000000000ff"))
        let rows = [0, 4, 8].enumerated().map { number, offset in
            ManifestRow(
                number: number, line: number + 1, offset: offset, key: key, split: nil,
                records: records)
        }
        let faults = faultsOfRepeatedRows(rows)
        #expect(faults.mapValues(\.reason) == [1: "key-collision", 2: "conflicting-labels"])
    }
}
