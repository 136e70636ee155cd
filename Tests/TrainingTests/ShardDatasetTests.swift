import Files
import Recipes
import Shards
import Testing

@testable import Training

struct ShardDatasetTests {
    private typealias Row = FeatureFixture.Row

    private static let tasks = [
        AnswerSet(task: "color", classes: ["blue", "red"]),
        AnswerSet(task: "size", classes: ["big", "mid", "small"]),
    ]

    /// Two questions about each of three clips, and one of another split about the second.
    private static let rows =
        ["x.mp4", "y.mp4", "z.mp4"].enumerated().flatMap { index, video in
            [
                Row(video: video, task: "size", prompt: "How big?", classIndex: index),
                Row(video: video, task: "color", classIndex: index % 2, group: "g"),
            ]
        } + [Row(video: "y.mp4", split: .test, task: "size", classIndex: 2)]

    @Test func ordersQuestionsByClipAndThenAsInTheFile() throws {
        let fixture = try FeatureFixture(tasks: Self.tasks)
        defer { fixture.remove() }
        let questions = try ShardDataset(dataset: fixture.write(Self.rows), split: .train)
        let sorted = Self.rows.filter { $0.split == .train }.enumerated()
            .sorted { ($0.element.key, $0.offset) < ($1.element.key, $1.offset) }.map(\.element)
        #expect(questions.count == 6 && questions.numClips == 3)
        #expect(questions.keys == sorted.map(\.key))
        #expect(questions.videos == sorted.map(\.video))
        #expect(questions.prompts == sorted.map(\.prompt))
        // The group connects the three videos, so that all are one.
        #expect(questions.groups == Array(repeating: "g", count: 6))
        #expect(
            questions.labels == sorted.map { $0.classIndex + ($0.task == "size" ? 2 : 0) })
        for index in 0..<6 {
            #expect(
                try questions.features(of: index) == FeatureFixture.features(of: sorted[index].clip)
            )
        }
    }

    @Test func findsTheClipInAShardOfAnotherSplit() throws {
        let fixture = try FeatureFixture(tasks: Self.tasks)
        defer { fixture.remove() }
        let questions = try ShardDataset(dataset: fixture.write(Self.rows), split: .test)
        #expect(questions.count == 1 && questions.labels == [4])
        #expect(
            try questions.features(of: 0) == FeatureFixture.features(of: Clip(video: "y.mp4")))
    }

    /// Sizes and checksums of features stand in the sidecar, so it needs one itself.
    @Test func refusesASidecarWithAnotherChecksum() throws {
        let fixture = try FeatureFixture(tasks: Self.tasks)
        defer { fixture.remove() }
        let dataset = try fixture.write(Self.rows)
        let path = "\(dataset.shardDirectory)/train-00000.json"
        let text = String(decoding: try readFile(path), as: UTF8.self)
        try publishFile([UInt8](text.replacing("\"s\"", with: "\"t\"").utf8), at: path)
        #expect {
            try ShardDataset(dataset: dataset, split: .train)
        } throws: { error in
            guard case ShardError.corruptFile(path, _) = error else { return false }
            return true
        }
    }

    @Test func namesAClipThatNoShardHolds() throws {
        let fixture = try FeatureFixture(tasks: Self.tasks)
        defer { fixture.remove() }
        let missing = Clip(video: "y.mp4").key.description
        let dataset = try fixture.write(Self.rows, without: [missing])
        #expect {
            try ShardDataset(dataset: dataset, split: .train)
        } throws: { error in
            guard case ShardError.corruptFile(let path, let reason) = error else { return false }
            return path.hasSuffix("questions.csv") && reason.contains(missing)
        }
        let rest = try ShardDataset(dataset: dataset, split: .train, skippingCorrupt: true)
        #expect(rest.skippedKeys == [missing])
        #expect(rest.count == 4 && !rest.keys.contains(missing))
        #expect(
            try rest.features(of: 2)
                == FeatureFixture.features(
                    of: Clip(video: rest.videos[2])))
    }

    @Test func namesAClipOfAnotherSize() throws {
        let fixture = try FeatureFixture(tasks: Self.tasks)
        defer { fixture.remove() }
        let short = Clip(video: "z.mp4").key.description
        let dataset = try fixture.write(Self.rows) {
            $0 == short ? [1, 1, 1] : FeatureFixture.shape
        }
        #expect {
            try ShardDataset(dataset: dataset, split: .train)
        } throws: { error in
            guard case ShardError.corruptShard(_, let key, let reason) = error else { return false }
            return key == short && reason.contains("not 240")
        }
        let rest = try ShardDataset(dataset: dataset, split: .train, skippingCorrupt: true)
        #expect(rest.skippedKeys == [short] && rest.count == 4)
    }

    @Test func refusesAnotherShapeOfTheSameSize() throws {
        let fixture = try FeatureFixture(tasks: Self.tasks)
        defer { fixture.remove() }
        let dataset = try fixture.write(Self.rows) { _ in [5, 1, 24] }
        let questions = try ShardDataset(dataset: dataset, split: .test)
        #expect(throws: ShardError.self) { try questions.features(of: 0) }
        let none = try ShardDataset(dataset: dataset, split: .test, skippingCorrupt: true)
        #expect(none.count == 0 && none.skippedKeys.count == 1)
    }

    @Test func leavesOutAClipWhoseBytesChanged() throws {
        let fixture = try FeatureFixture(tasks: Self.tasks)
        defer { fixture.remove() }
        let dataset = try fixture.write(Self.rows)
        let reader = try #require(try dataset.readers(split: .train).first)
        let sample = try #require(reader.samples.last)
        let member = try #require(sample.member(ShardFormat.featureMember))
        var bytes = try readFile(reader.path)
        bytes[member.offset + member.storedBytes - 1] ^= 1
        try publishFile(bytes, at: reader.path)
        let whole = try ShardDataset(dataset: dataset, split: .train)
        #expect(throws: ShardError.self) { try whole.features(of: whole.count - 1) }
        let rest = try ShardDataset(dataset: dataset, split: .train, skippingCorrupt: true)
        #expect(rest.skippedKeys == [sample.key.description] && rest.count == 4)
    }

    @Test func labelsAreThoseOfTheQuestionsAsTheyAreNow() throws {
        let fixture = try FeatureFixture(tasks: Self.tasks)
        defer { fixture.remove() }
        _ = try fixture.write(Self.rows)
        var rows = Self.rows
        rows[0].classIndex = 2
        let questions = try ShardDataset(dataset: fixture.write(rows), split: .train)
        let index = try #require(
            questions.videos.indices.first { questions.videos[$0] == "x.mp4" })
        #expect(questions.labels[index] == 4)
    }
}
