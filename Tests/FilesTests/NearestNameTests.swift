import Files
import Testing

struct NearestNameTests {
    private static let names = ["build-shards", "extract-features", "verify", "repair"]

    @Test(arguments: [
        ("buld-shards", "build-shards"), ("biuld-shards", "build-shards"),
        ("extract-feature", "extract-features"), ("verfiy", "verify"), ("verify", "verify"),
    ])
    func findsWhatWasMeant(_ name: String, _ meant: String) {
        #expect(nearest(to: name, among: Self.names) == meant)
    }

    @Test(arguments: ["", "x", "shards", "report.html"])
    func findsNothingFarAway(_ name: String) {
        #expect(nearest(to: name, among: Self.names) == nil)
    }

    @Test func oneLetterOfAShortNameMayBeWrongOrTwoExchanged() {
        #expect(nearest(to: "jb", among: ["out", "job", "jobs"]) == "job")
        #expect(nearest(to: "tset", among: ["test", "train"]) == "test")
    }
}
