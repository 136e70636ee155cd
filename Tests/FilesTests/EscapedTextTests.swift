import Testing

@testable import Files

struct EscapedTextTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let text: String
        let quoted: String
        var testDescription: String { quoted }
    }

    @Test(arguments: [
        Case(text: "plain", quoted: #""plain""#), Case(text: "", quoted: #""""#),
        Case(text: #"a"b\c"#, quoted: #""a\"b\\c""#),
        Case(text: "a\n---\nb: 1\t", quoted: #""a\u000a---\u000ab: 1\u0009""#),
        Case(text: "é漢🙂", quoted: #""é漢🙂""#),
        Case(
            text: "a\u{202E}b\u{85}\u{2028}\u{FEFF}\u{0}",
            quoted: #""a\u202eb\u0085\u2028\ufeff\u0000""#),
        Case(text: "\u{10FFFF}", quoted: #""\U0010ffff""#),
    ])
    func quotesAnythingOnOneLineOfYAML(_ example: Case) {
        #expect(yamlQuoted(example.text) == example.quoted)
    }

    @Test func noMarkupSurvivesInMarkdown() {
        #expect(markdownEscaped("a b é") == "a b é")
        #expect(markdownEscaped("<b>&|") == "&#60;b&#62;&#38;&#124;")
        #expect(markdownEscaped("*_`[x](y)#") == ##"\*\_\`\[x\]\(y\)\#"##)
        #expect(markdownEscaped("http://x.y") == #"http&#58;\/\/x\.y"#)
        #expect(markdownEscaped("a\r\nb\u{202E}") == "aU+DU+AbU+202E")
    }

    @Test func terminalsGetNoCommands() {
        #expect(terminalText("a\u{1B}[31m\u{7}\r\u{9B}b") == "a\\x1b[31m\\x07\\x0d\\x9bb")
        #expect(terminalText("漢字 é\n\tx") == "漢字 é\n\tx")
    }
}
