import Files
import Foundation
import Models
import Recipes
import Shards
import TestSupport

@testable import Training

/// A feature dataset on disk that no video was needed for.
final class FeatureFixture {
    /// A manifest row.
    struct Row {
        var video: String
        var split = Split.train
        var task = Question.defaultTask
        var prompt = ""
        var classIndex = 0
        var group = ""

        var clip: Clip { Clip(video: video) }
        var key: String { clip.key.description }
    }

    static let shape = [1, 5, 24]
    let folder: URL
    var directory: String { folder.appendingPathComponent("features").path }
    private let tasks: [AnswerSet]
    var clipRecipe = ClipRecipe()
    var featureRecipe = FeatureRecipe(
        modelHash: "h", precision: .float32, tokens: .all, instructionSet: "any")
    var splitRemarks = DatasetDescription.SplitRemarks()

    init(tasks: [AnswerSet] = [AnswerSet(task: "default", classes: ["a", "b", "c"])]) throws {
        folder = try Fixtures.makeTemporaryDirectory()
        self.tasks = tasks
    }

    /// Removes everything that was written.
    func remove() { try? FileManager.default.removeItem(at: folder) }

    /// Writes the dataset; a clip lies in the split of its first row.
    ///
    /// No shard gets the clips with the keys `unstored`; each gets an array of the `shape` that
    /// is given for its key.
    func write(
        _ rows: [Row], without unstored: Set<String> = [],
        shape: (String) -> [Int] = { _ in FeatureFixture.shape }
    ) throws -> Dataset {
        var firstRows: [String: Row] = [:]
        for row in rows where firstRows[row.key] == nil { firstRows[row.key] = row }
        let clips = firstRows.values.filter { !unstored.contains($0.key) }
            .sorted { $0.key < $1.key }
        let shardFolder = "\(directory)/\(ShardFormat.shardFolder)"
        try makeDirectory(at: shardFolder)
        var shards: [DatasetDescription.Shard] = []
        for split in Split.allCases {
            let name = ShardFormat.shardName(split: split.rawValue, index: 0)
            let writer = try ShardWriter(directory: shardFolder, name: name)
            for row in clips where row.split == split {
                try writer.append(Self.sample(row.clip, shape: shape(row.key)))
            }
            let sidecar = try writer.finish(
                provenance: .init(fingerprint: "f", planHash: "p", recipeHash: "r"))
            guard !sidecar.samples.isEmpty else { continue }
            shards.append(.init(name: name, split: split, sidecar: sidecar))
        }
        let text = QuestionsFile.header(extra: ["group"]) + rows.map(line).joined()
        var files = [ShardFormat.questionsName: sha256Hex([UInt8](text.utf8))]
        for shard in shards {
            let name = "\(ShardFormat.shardFolder)/\(shard.name).json"
            files[name] = try sha256Hex(ofFile: "\(directory)/\(name)")
        }
        try publishFile([UInt8](text.utf8), at: "\(directory)/\(ShardFormat.questionsName)")
        let description = try DatasetDescription(
            kind: .features, clipRecipe: clipRecipe, featureRecipe: featureRecipe, model: "m",
            division: .init(fractions: [1, 0, 0], seed: 1, shardClips: 256),
            splitRemarks: splitRemarks,
            normalization: .init(imageMean: [0, 0, 0], imageStd: [1, 1, 1], rescaleFactor: 1),
            array: .init(
                member: ShardFormat.featureMember, elementType: .float16, shape: Self.shape,
                layout: "T,L,D"),
            tasks: tasks, shards: shards,
            accounting: .init(rows: rows.count, stored: rows.count, reasons: [:]),
            files: files)
        try publishFile(
            canonicalJSON(description), at: "\(directory)/\(ShardFormat.descriptionName)")
        return try Dataset(directory: directory)
    }

    private func line(_ row: Row) -> String {
        let classes = tasks.first { $0.task == row.task }?.classes ?? []
        return QuestionsFile.line(
            Question(
                id: row.key, task: row.task, prompt: row.prompt, label: classes[row.classIndex],
                classIndex: row.classIndex, split: row.split, extra: ["group": row.group]),
            about: row.clip, key: row.clip.key, extra: ["group"])
    }

    /// What is stored of `clip`: numbers that tell its key.
    static func features(of clip: Clip, count: Int = shape.reduce(1, *)) -> [Float] {
        (0..<count).map { Float((clip.key.bits >> UInt64($0 % 32)) % 128) / 64 }
    }

    private static func sample(_ clip: Clip, shape: [Int]) -> Sample {
        let elements = features(of: clip, count: shape.reduce(1, *)).flatMap { value in
            let bits = Float16(value).bitPattern
            return [UInt8(truncatingIfNeeded: bits), UInt8(bits >> 8)]
        }
        let array = NPYArray(elementType: .float16, shape: shape, elements: elements)
        return Sample(
            key: clip.key, origin: .init(clip: clip, sourceSha256: "s", pixelsSha256: "p"),
            members: [SampleMember(name: ShardFormat.featureMember, bytes: array.fileBytes)])
    }
}

/// The shape of a Q-Former for clips of the tests' own.
let smallQFormer = QFormerConfiguration(
    hiddenSize: 32, numHiddenLayers: 2, numAttentionHeads: 4, intermediateSize: 64,
    crossAttentionFrequency: 1, encoderHiddenSize: 24, numQueryTokens: 4)

/// The outputs of one task.
func oneTask(_ classes: [String] = ["a", "b", "c"]) -> ModelOutputs {
    ModelOutputs([AnswerSet(task: Question.defaultTask, classes: classes)])
}
