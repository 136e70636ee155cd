import Files
import Testing

struct CountedNounTests {
    @Test func countsInThePluralUnlessThereIsOne() {
        #expect(counted(0, "clip") == "0 clips")
        #expect(counted(1, "clip") == "1 clip")
        #expect(counted(2, "bad sample") == "2 bad samples")
    }

    @Test func knowsTheEndingsOfPlurals() {
        #expect(counted(1, "class") == "1 class" && counted(3, "class") == "3 classes")
        #expect(counted(2, "query") == "2 queries" && counted(2, "key") == "2 keys")
    }

    @Test func writesSharesAsPercentages() {
        #expect(percent(0.9724) == "97.2 %" && percent(1) == "100.0 %" && percent(0) == "0.0 %")
    }
}
