import Testing

@testable import Manifests

struct DelimitedFileTests {
    struct Text: CustomTestStringConvertible {
        let testDescription: String
        let text: String
        var path = "list.csv"
        let fields: [[String]]

        init(_ description: String, _ text: String, path: String = "list.csv", _ fields: [[String]])
        {
            testDescription = description
            self.text = text
            self.path = path
            self.fields = fields
        }
    }

    @Test(arguments: [
        Text("plain", "a,b\n1,2\n", [["a", "b"], ["1", "2"]]),
        Text("no final line end", "a,b\n1,", [["a", "b"], ["1", ""]]),
        Text("byte order mark", "\u{FEFF}a,b\n1,2", [["a", "b"], ["1", "2"]]),
        Text("CRLF", "a,b\r\n1,2\r\n", [["a", "b"], ["1", "2"]]),
        Text("lone CR", "a,b\r1,2\r", [["a", "b"], ["1", "2"]]),
        Text("line ends in quotes", "a\n\"x\r\ny\n\"\n", [["a"], ["x\r\ny\n"]]),
        Text("quotes in quotes", "a\n\"say \"\"no\"\"\"\n", [["a"], ["say \"no\""]]),
        Text("empty quotes", "a,b\n\"\",x\n", [["a", "b"], ["", "x"]]),
        Text("blanks are kept", "a,b\n x , \ty\n", [["a", "b"], [" x ", " \ty"]]),
        Text("blank lines are skipped", "\n \na\n\n,\n\"\"\n1\n", [["a"], ["1"]]),
        Text(
            "mark after a comma", "a,b\nx,\u{301}y\n", [["a", "b"], ["x", "\u{301}y"]]),
        Text(
            "mark after a quote", "a,b\n\"x\",\"\u{301}\"\n", [["a", "b"], ["x", "\u{301}"]]),
        Text("tabs by name", "a\tb,c\n1\t2\n", path: "x.TSV", [["a", "b,c"], ["1", "2"]]),
        Text("tabs by content", "a\tb\n1,5\t2\n", [["a", "b"], ["1,5", "2"]]),
        Text("tab and comma", "a,b\tc\n1,2\n", [["a", "b\tc"], ["1", "2"]]),
    ])
    func reads(_ text: Text) throws {
        let file = try DelimitedFile(bytes: Array(text.text.utf8), path: text.path)
        let found = [file.header] + file.records.map(\.fields)
        // As bytes, since texts with other marks can be equal.
        #expect(found.map { $0.map(ExactText.init) } == text.fields.map { $0.map(ExactText.init) })
    }

    @Test(arguments: ["\n", "\r\n", "\r"])
    func numbersLinesAsAnEditorDoes(_ end: String) throws {
        let text = ["", "a,b", "", "\"x", "y\",z", "1,2", " ", "3,4"].joined(separator: end)
        let file = try DelimitedFile(bytes: Array(text.utf8), path: "list.csv")
        #expect(file.records.map(\.line) == [4, 6, 8])
    }

    struct BadText: CustomTestStringConvertible {
        let testDescription: String
        let bytes: [UInt8]
        let error: ManifestError

        init(_ description: String, _ text: String, _ error: ManifestError) {
            testDescription = description
            bytes = Array(text.utf8).map { $0 == UInt8(ascii: "#") ? 0xE9 : $0 }
            self.error = error
        }

        static func malformed(_ line: Int, _ reason: String) -> ManifestError {
            .malformedCSV(path: "list.csv", line: line, reason: reason)
        }
    }

    @Test(arguments: [
        BadText("empty", "", .empty(path: "list.csv")),
        BadText("blank", " \n\t\n", .empty(path: "list.csv")),
        BadText("Latin-1", "a\n\"x\ny\"\ncaf#\n", .notUTF8(path: "list.csv", line: 4)),
        BadText("Latin-1 in quotes", "a\n\"x\ny#\"\n", .notUTF8(path: "list.csv", line: 3)),
        BadText(
            "stray quote", "a\n\"x\ny\"\nb\"c\"\n",
            BadText.malformed(
                4, "a quote is not allowed inside an unquoted field")),
        BadText(
            "blank before a quote", "a,b\nx, \"y\"\n",
            BadText.malformed(
                2, "a quote is not allowed inside an unquoted field")),
        BadText(
            "text after a quote", "a\n\"x\"y\n",
            BadText.malformed(2, "text stands after the closing quote of a field")),
        BadText(
            "open quote", "a\nb\n\"x\ny\n", BadText.malformed(3, "a quoted field never ends")),
    ])
    func refuses(_ bad: BadText) {
        #expect(throws: bad.error) { try DelimitedFile(bytes: bad.bytes, path: "list.csv") }
    }

    @Test func returnsWhatCSVRecordWrote() throws {
        var generator = Generator(state: 7)
        let pieces = [
            ",", "\"", "\n", "\r", "\r\n", " ", "\t", "a", "é", "e\u{301}", "\u{301}", "💡", "",
        ]
        for _ in 0..<3000 {
            let records = (0..<3).map { _ in
                (0..<Int.random(in: 1...4, using: &generator)).map { _ in
                    (0..<Int.random(in: 0...5, using: &generator))
                        .map { _ in pieces.randomElement(using: &generator) ?? "" }.joined()
                } + ["."]
            }
            // The first line decides about tabs, so it has a comma.
            let text = (["a,b"] + records.map(csvRecord)).joined(separator: "\n")
            let file = try DelimitedFile(bytes: Array(text.utf8), path: "list.csv")
            let found = file.records.map { $0.fields.map(ExactText.init) }
            #expect(found == records.map { $0.map(ExactText.init) }, "\(text.debugDescription)")
        }
    }

    @Test func endsOnAnyBytes() {
        var generator = Generator(state: 3)
        let alphabet = Array(",\"\n\r\t a".utf8) + [0xC3, 0xA9, 0]
        for _ in 0..<3000 {
            let bytes = (0..<Int.random(in: 0...30, using: &generator))
                .map { _ in alphabet.randomElement(using: &generator) ?? 0 }
            // What is read is written and read back as the same; what is not read is an error.
            guard let file = try? DelimitedFile(bytes: bytes, path: "list.csv") else { continue }
            let records = [file.header] + file.records.map(\.fields)
            let text = records.map(csvRecord).joined(separator: "\n")
            guard !file.isTabSeparated,
                let again = try? DelimitedFile(bytes: Array(text.utf8), path: "list.csv")
            else { continue }
            #expect(again.records.map(\.fields) == file.records.map(\.fields), "\(bytes)")
        }
    }

    @Test func saysWhatToDoAboutSemicolons() {
        let error = ManifestError.missingColumn(
            path: "m.csv", column: "video", found: ["video;label"])
        #expect(error.description.contains("commas or tabs instead of semicolons"))
    }
}

/// A generator with a seed: SplitMix64.
struct Generator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
