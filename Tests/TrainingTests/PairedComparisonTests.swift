import Testing

@testable import Training

struct PairedComparisonTests {
    /// p values of statsmodels 0.14, `mcnemar([[9, b], [c, 9]], exact=True)`.
    @Test(arguments: [(6, 1, 0.125), (10, 2, 0.03857421875), (0, 0, 1), (3, 3, 1)])
    func theTestIsMcNemars(onlyFirst: Int, onlySecond: Int, expected: Double) {
        let first =
            Array(repeating: true, count: onlyFirst) + Array(repeating: false, count: onlySecond)
            + Array(repeating: true, count: 9)
        let second = first.enumerated().map { $0 < onlyFirst + onlySecond ? !$1 : $1 }
        let comparison = PairedComparison(
            first: first, second: second, groups: first.indices.map { "\($0)" })
        #expect(comparison.onlyFirst == onlyFirst && comparison.onlySecond == onlySecond)
        #expect(abs(comparison.pValue - expected) < 1e-12)
    }

    @Test func theDifferenceIsTheSecondMinusTheFirst() {
        let comparison = PairedComparison(
            first: [true, false, false, false], second: [true, true, true, false],
            groups: ["a", "b", "c", "d"])
        #expect(comparison.difference == 0.5)
    }

    /// Ten questions about one video are not ten independent ones.
    @Test func groupsAreDrawnWhole() throws {
        let first = (0..<40).map { $0 % 4 != 0 }
        let second = (0..<40).map { $0 / 10 != 0 }
        let apart = try #require(
            PairedComparison(
                first: first, second: second, groups: first.indices.map { "\($0)" }
            ).interval)
        let together = try #require(
            PairedComparison(
                first: first, second: second, groups: first.indices.map { "\($0 / 10)" }
            ).interval)
        #expect(together[1] - together[0] > apart[1] - apart[0])
    }

    @Test func oneGroupHasNoInterval() {
        let comparison = PairedComparison(
            first: [true, false], second: [true, true], groups: ["a", "a"])
        #expect(comparison.interval == nil)
    }
}
