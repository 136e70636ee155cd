import Files
import Testing

struct TextColumnsTests {
    @Test func countsColumns() {
        #expect(columns(of: "walk") == 4)
        #expect(columns(of: "cafe\u{301}") == 4)
        #expect(columns(of: "走る") == 4)
    }

    @Test func shortensToColumns() {
        #expect(shortened("walking", toColumns: 7) == "walking")
        #expect(shortened("walking", toColumns: 5) == "walk…")
        #expect(shortened("走る人", toColumns: 4) == "走…")
    }

    @Test func wrapsBetweenWords() {
        #expect(wrapped("one two three", toColumns: 8) == "one two\nthree")
        #expect(wrapped("  one two three", toColumns: 8) == "  one\n  two\n  three")
        #expect(wrapped("a /very/long/path b", toColumns: 6) == "a\n/very/long/path\nb")
        #expect(wrapped("one  two\n\nthree", toColumns: 9) == "one  two\n\nthree")
        #expect(wrapped("one two three", toColumns: nil) == "one two three")
    }
}
