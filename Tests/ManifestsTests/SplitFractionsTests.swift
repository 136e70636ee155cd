import Manifests
import Recipes
import Testing

struct SplitFractionsTests {
    @Test(arguments: ["", "1", "0.5,0.5", "0.5,0.6,0.1", "a,b,c", "-1,1,1", "nan,0,1"])
    func refusesFractionsThatAreNoSplit(_ text: String) {
        #expect(throws: ManifestError.invalidSplitFractions(text)) { try SplitFractions(text) }
    }

    @Test func readsBlanksBetweenFractions() throws {
        let fractions = try SplitFractions("0.7, 0.2, 0.1")
        #expect(Split.allCases.map { fractions[$0] } == [0.7, 0.2, 0.1])
    }
}
