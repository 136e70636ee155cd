import Manifests
import Testing

struct CSVRecordTests {
    @Test func quotesOnlyWhereNeeded() {
        #expect(csvRecord(["a", "b c", "", "é"]) == "a,b c,,é")
        #expect(csvRecord(["a,b", "say \"no\""]) == "\"a,b\",\"say \"\"no\"\"\"")
        #expect(csvRecord(["x\r\ny", "\n"]) == "\"x\r\ny\",\"\n\"")
        #expect(csvRecord([" a", "b\t"]) == "\" a\",\"b\t\"")
    }

    @Test func quotesCommasThatACombiningMarkFollows() {
        #expect(Array(csvRecord(["a,\u{301}b"]).utf8) == Array("\"a,\u{301}b\"".utf8))
        #expect(Array(csvRecord(["\"\u{301}"]).utf8) == Array("\"\"\"\u{301}\"".utf8))
    }
}
