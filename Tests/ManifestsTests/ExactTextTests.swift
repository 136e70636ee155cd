import Testing

@testable import Manifests

struct ExactTextTests {
    @Test func tellsTextsApartThatStringTakesForTheSame() {
        let (composed, decomposed) = ("\u{E9}", "e\u{301}")
        #expect(composed == decomposed)
        #expect(ExactText(composed) != ExactText(decomposed))
        #expect(!haveSameBytes(composed, decomposed) && haveSameBytes("", ""))
        #expect(distinctSortedByBytes([composed, decomposed, composed]).count == 2)
    }
}
