import Recipes
import Testing

@testable import Manifests

struct SplitAssignmentTests {
    private struct Row {
        var video: String
        var label = "x"
        var split = ""
        var group = ""
    }

    /// The split of each video.
    private func splits(
        _ rows: [Row], fractions: String = "0.8,0.1,0.1", seed: UInt64 = 42
    ) throws -> [String: Split] {
        let (manifest, plan) = try plan(rows, fractions: fractions, seed: seed)
        return Dictionary(
            zip(manifest.rows.map(\.clip.video), plan.splits)
        ) { first, _ in first }
    }

    private func plan(
        _ rows: [Row], fractions: String = "0.8,0.1,0.1", seed: UInt64 = 42
    ) throws -> (manifest: Manifest, plan: DatasetPlan) {
        let records = rows.enumerated().map {
            csvRecord([$1.video, $1.label, $1.split, $1.group, "\($0)"])
        }
        let text = (["video,label,split,group,start"] + records).joined(separator: "\n")
        return try makePlan(text, fractions: fractions, seed: seed)
    }

    private func makeRows(_ count: Int, numLabels: Int = 3) -> [Row] {
        (0..<count).map { Row(video: "\($0).mp4", label: "class\($0 % numLabels)") }
    }

    @Test func sharesAreRightUpToChance() throws {
        let found = try splits(makeRows(3000, numLabels: 3))
        for label in 0..<3 {
            let members = found.filter { (Int($0.key.dropLast(4)) ?? 0) % 3 == label }
            // Five standard deviations of a binomial with n = 1000.
            #expect(abs(members.count { $0.value == .train } - 800) < 64)
            #expect(abs(members.count { $0.value == .validation } - 100) < 48)
            #expect(abs(members.count { $0.value == .test } - 100) < 48)
        }
    }

    @Test func keepsASplitWhenOtherRowsComeGoOrMove() throws {
        let rows = makeRows(1000, numLabels: 5)
        let before = try splits(rows)
        let reversed = try splits(rows.reversed())
        #expect(reversed == before)
        var generator = Generator(state: 1)
        let edited = (rows.filter { !$0.video.hasPrefix("7") } + makeRows(1300).suffix(300))
            .shuffled(using: &generator)
        let after = try splits(edited)
        #expect(before.filter { after[$0.key] != nil && after[$0.key] != $0.value }.isEmpty)
        let reseeded = try splits(rows, seed: 43)
        #expect(reseeded != before)
    }

    @Test func neverDividesAGroup() throws {
        let rows = (0..<200).map {
            Row(video: "\($0).mp4", label: "class\($0 % 2)", group: "g\($0 / 7)")
        }
        let found = try splits(rows, fractions: "0.6,0.2,0.2")
        for members in Dictionary(grouping: rows, by: \.group).values {
            #expect(Set(members.map { found[$0.video] }).count == 1)
        }
        #expect(Set(found.values).count == 3)
    }

    @Test func takesWindowsOfOneVideoForAGroup() throws {
        let rows = (0..<300).map { Row(video: "\($0 / 10).mp4", label: "class\($0 % 3)") }
        let (manifest, plan) = try plan(rows)
        let byVideo = Dictionary(grouping: manifest.rows.indices) { manifest.rows[$0].clip.video }
        #expect(byVideo.count == 30)
        #expect(byVideo.values.allSatisfy { Set($0.map { plan.splits[$0] }).count == 1 })
        #expect(plan.straddling.isEmpty && Set(plan.splits).count == 3)
    }

    @Test func joinsGroupsThatShareAVideo() throws {
        for seed in 0..<20 as Range<UInt64> {
            let rows = [
                Row(video: "a", group: "g"), Row(video: "b", group: "g"),
                Row(video: "b", group: "h"), Row(video: "c", group: "h"), Row(video: "a"),
            ]
            let found = try splits(rows + makeRows(20), seed: seed)
            #expect(Set([found["a"], found["b"], found["c"]]).count == 1)
        }
    }

    @Test func groupCalledLikeAVideoIsAnotherGroup() throws {
        let rows = [Row(video: "a", split: "test"), Row(video: "b", group: "a")]
        let found = try splits(rows)
        #expect(found == ["a": .test, "b": .train])
    }

    @Test func groupFollowsTheEarliestSplitThatAMemberNames() throws {
        let rows = [
            Row(video: "a", group: "g"), Row(video: "b", split: "test", group: "g"),
            Row(video: "c", split: "test"), Row(video: "c"), Row(video: "c", split: "val"),
        ]
        let (_, plan) = try plan(rows)
        #expect(plan.splits == [.test, .test, .test, .validation, .validation])
        #expect(plan.straddling == ["c"])
    }

    struct SmallClass: CustomTestStringConvertible {
        let numbers: [Double]
        let fractions: String
        let expected: [Split]
        var testDescription: String { "\(numbers) of \(fractions)" }
    }

    @Test(arguments: [
        SmallClass(numbers: [0.99], fractions: "0.8,0.1,0.1", expected: [.train]),
        SmallClass(numbers: [0.99], fractions: "0,0.5,0.5", expected: [.validation]),
        SmallClass(
            numbers: [0.1, 0.2], fractions: "0.8,0.1,0.1", expected: [.train, .validation]),
        SmallClass(numbers: [0.1, 0.2], fractions: "0.8,0,0.2", expected: [.train, .test]),
        SmallClass(numbers: [0.1, 0.2], fractions: "1,0,0", expected: [.train, .train]),
        SmallClass(
            numbers: [0.1, 0.2, 0.3], fractions: "0.8,0.1,0.1",
            expected: [.train, .test, .validation]),
        SmallClass(
            numbers: [0.91, 0.93, 0.99], fractions: "0.8,0.1,0.1",
            expected: [.train, .validation, .test]),
        SmallClass(
            numbers: [0.1, 0.2, 0.75, 0.85], fractions: "0.8,0.1,0.1",
            expected: [.train, .train, .test, .validation]),
        SmallClass(
            numbers: [0.1, 0.85, 0.95], fractions: "0.8,0.1,0.1",
            expected: [.train, .validation, .test]),
        SmallClass(
            numbers: [0.1, 0.2, 0.3, 0.999], fractions: "0.9,0.1,0",
            expected: [.train, .train, .train, .validation]),
    ])
    func smallClassesReachEverySplitTrainFirst(_ small: SmallClass) throws {
        let found = SplitAssignment.spread(small.numbers, try SplitFractions(small.fractions))
        #expect(found == small.expected)
    }

    @Test func namesClassesWithFewerThanThreeGroups() throws {
        let rows = [
            Row(video: "1", label: "one"), Row(video: "1", label: "one"),
            Row(video: "2", label: "two"), Row(video: "3", label: "two"),
            Row(video: "4", label: "three"), Row(video: "5", label: "three"),
            Row(video: "6", label: "three"), Row(video: "7", label: "named", split: "test"),
        ]
        let (_, plan) = try plan(rows)
        #expect(plan.smallClasses == ["one", "two"])
        #expect(plan.splits.prefix(2) == [.train, .train])
        #expect(Set(plan.splits[2..<4]) == [.train, .validation])
        #expect(Set(plan.splits[4..<7]) == [.train, .validation, .test])
    }

    @Test func stratifiesAGroupByItsCommonestLabel() throws {
        // Were the rare label taken, each of the three classes would fill all splits by itself.
        let rows = (0..<9).flatMap { group in
            ["rare\(group)", "common", "common"].map { Row(video: "\(group)", label: $0) }
        }
        let (_, plan) = try plan(rows, fractions: "0.34,0.33,0.33")
        #expect(Set(plan.splits) == [.train, .validation, .test])
        #expect(plan.smallClasses == (0..<9).map { "rare\($0)" })
    }

    @Test func stratifiesClipsWithSeveralTasksByTheRarestClass() throws {
        // Whatever the tasks are called.
        for (few, many) in [("a", "b"), ("b", "a")] {
            let lines = (0..<40).flatMap { clip in
                ["\(clip).mp4,\(many),scene\(clip % 8)", "\(clip).mp4,\(few),yes"]
            }
            let text = (["video,task,label"] + lines).joined(separator: "\n")
            let (manifest, plan) = try makePlan(text, fractions: "0.8,0.1,0.1", seed: 42)
            var found: [String: Set<Split>] = [:]
            for (row, split) in zip(manifest.rows, plan.splits) {
                found[row.label, default: []].insert(split)
            }
            #expect(found.count == 9)
            #expect(found.values.allSatisfy { $0.count == 3 })
            #expect(plan.numUnevenClasses == 0)
        }
    }

    @Test func namesClassesThatASplitLacksSinceTheirGroupsAreDividedByAnother() throws {
        let common = (0..<12).flatMap { group in
            ["common", "common"].map { Row(video: "\(group)", label: $0) }
        }
        let splits = try splits(common)
        let trained = splits.filter { $0.value == .train }.keys.sorted().prefix(3)
        let rows = common + trained.map { Row(video: $0, label: "rare") }
        #expect(try plan(rows).plan.numUnevenClasses == 1)
        #expect(try plan(common).plan.numUnevenClasses == 0)
    }

    @Test func takesOneFileForOneSourceHoweverItIsWritten() throws {
        let names = ["x/a.mp4", "./x/a.mp4", "x//a.mp4", "x/../x/./a.mp4"]
        for seed in 0..<20 as Range<UInt64> {
            let found = try splits(names.map { Row(video: $0) } + makeRows(20), seed: seed)
            #expect(Set(names.map { found[$0] }).count == 1)
        }
    }
}
