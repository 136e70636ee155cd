import Testing

@testable import Manifests

struct SplitAssignmentTests {
    private func makeRow(
        _ number: Int, label: String, split: Split? = nil, group: String? = nil
    ) -> ManifestRow {
        ManifestRow(
            number: number, line: number + 2, fields: [], video: "\(number).mp4", label: label,
            split: split, prompt: nil, start: nil, end: nil, group: group, id: nil, extra: [:])
    }

    private func fractions(_ text: String = "0.8,0.1,0.1") throws -> SplitFractions {
        try SplitFractions(text)
    }

    @Test func keepsLabelSharesInEverySplit() throws {
        let rows = (0..<300).map { makeRow($0, label: "class\($0 % 3)") }
        let splits = assignSplits(to: rows, fractions: try fractions(), seed: 42)
        for label in 0..<3 {
            let counts = Split.allCases.map { split in
                rows.indices.count { splits[$0] == split && rows[$0].label == "class\(label)" }
            }
            #expect(counts == [80, 10, 10])
        }
    }

    @Test func doesNotDependOnRowOrder() throws {
        let rows = (0..<120).map {
            makeRow($0, label: "class\($0 % 4)", group: $0 % 5 == 0 ? "g\($0 / 10)" : nil)
        }
        let forward = assignSplits(to: rows, fractions: try fractions(), seed: 7)
        let backward = assignSplits(to: rows.reversed(), fractions: try fractions(), seed: 7)
        #expect(forward == backward.reversed())
        #expect(forward != assignSplits(to: rows, fractions: try fractions(), seed: 8))
    }

    @Test func neverDividesAGroup() throws {
        let rows = (0..<200).map { makeRow($0, label: "class\($0 % 2)", group: "g\($0 / 7)") }
        let splits = assignSplits(to: rows, fractions: try fractions("0.6,0.2,0.2"), seed: 1)
        for members in Dictionary(grouping: rows.indices, by: { rows[$0].group }).values {
            #expect(Set(members.map { splits[$0] }).count == 1)
        }
        #expect(Set(splits).count == 3)
    }

    @Test func groupFollowsTheSplitThatAMemberNames() throws {
        let rows = [
            makeRow(0, label: "x", group: "g"), makeRow(1, label: "x", split: .test, group: "g"),
        ]
        #expect(assignSplits(to: rows, fractions: try fractions(), seed: 42) == [.test, .test])
    }

    @Test func smallClassesStillReachEverySplit() throws {
        let rows = (0..<40).map { makeRow($0, label: "class\($0 / 4)") }
        let splits = assignSplits(to: rows, fractions: try fractions(), seed: 42)
        #expect(splits.count { $0 == .validation } == 5 && splits.count { $0 == .test } == 5)
    }

    @Test(arguments: ["", "1", "0.5,0.5", "0.5,0.6,0.1", "a,b,c", "-1,1,1", "nan,0,1"])
    func refusesFractionsThatAreNoSplit(_ text: String) {
        #expect(throws: ManifestError.invalidSplitFractions(text)) { try SplitFractions(text) }
    }

    @Test func sortsIntegerLabelsAsNumbers() {
        let rows = ["10", "9", "-1", "2"].enumerated().map { makeRow($0, label: $1) }
        #expect(ClassNames(labelsOf: rows).names == ["-1", "2", "9", "10"])
        let mixed = ["10", "9", "b"].enumerated().map { makeRow($0, label: $1) }
        #expect(ClassNames(labelsOf: mixed).names == ["10", "9", "b"])
    }
}
