import Files
import Foundation
import Recipes
import Shards
import TestSupport

@testable import Models
@testable import Training
@testable import VideoDecoding

/// A pixel dataset, the description of its features, and a run on them, without any video.
struct StoredRun: Sendable {
    static let tasks = [
        AnswerSet(task: "shape", classes: ["round", "square"]),
        AnswerSet(task: "color", classes: ["blue", "green", "red"]),
    ]
    let folder: URL
    let clips: [Clip]
    let pixels: Dataset
    private let features: Dataset

    /// Stores clips called `videos`, all in the split test, with pixels of `shape` (C, T, H, W).
    ///
    /// Each is a group of its own unless `group` names that of all.
    init(
        videos: [String], prompt: String = "", group: String = "", shape: [Int] = [3, 4, 16, 16]
    ) throws {
        folder = try Fixtures.makeTemporaryDirectory()
        clips = videos.map { Clip(video: $0) }
        pixels = try Self.write(
            .pixels, to: "\(folder.path)/m", clips, prompt: prompt, group: group, shape: shape)
        features = try Self.write(
            .features, to: "\(folder.path)/m-features", clips, prompt: prompt, group: group,
            shape: shape, parent: pixels.description.contentHash)
    }

    /// Removes everything that was written.
    func remove() { try? FileManager.default.removeItem(at: folder) }

    /// A run whose `answers` are the prediction and its confidence for each task of each clip.
    ///
    /// The right answer is the clip's number modulo the number of classes, or the next one for clips
    /// that are `relabelled`; `change` sees the result before it is recorded.
    func run(
        _ name: String = "run", options: TrainOptions = TrainOptions(), readsText: Bool = false,
        evaluated: PromptWordings.Evaluated? = nil, questionsPerClip: Int = 2,
        relabelled: Set<Int> = [], split: Split = .test,
        change: (inout EvaluationResult) -> Void = { _ in },
        answers: (_ clip: Int, _ task: Int) -> (prediction: Int, confidence: Double)
    ) throws -> RunDirectory {
        let qformer = QFormerConfiguration(
            hiddenSize: 8, numHiddenLayers: 1, numAttentionHeads: 2, intermediateSize: 16,
            crossAttentionFrequency: 1, encoderHiddenSize: 8, numQueryTokens: 2,
            text: readsText
                ? QFormerConfiguration.Text(vocabularySize: 15, maxPositions: 8) : nil)
        let run = try RunDirectory(
            creating: "\(folder.path)/\(name)",
            configuration: RunConfiguration(
                options: options, dataset: features,
                training: ShardDataset(dataset: features, split: .train), modelPath: "/models/m",
                qformer: qformer), overwrite: true)
        let rows = try QuestionsFile(of: features).rows
        var questions: [AnsweredQuestion] = []
        for (number, clip) in clips.enumerated() {
            for place in 0..<questionsPerClip {
                let task = place % Self.tasks.count
                let count = Self.tasks[task].classes.count
                let answer = answers(number, task)
                let rest = (1 - answer.confidence) / Double(count - 1)
                let own = (0..<count).map { $0 == answer.prediction ? answer.confidence : rest }
                let label = (number + (relabelled.contains(number) ? 1 : 0)) % count
                let others = Self.tasks[1 - task].classes.map { _ in 0.0 }
                questions.append(
                    AnsweredQuestion(
                        key: "\(clip.key)", video: clip.video, prompt: rows.first?.prompt ?? "",
                        group: clip.video, task: task, label: label,
                        prediction: answer.prediction,
                        bestOutput: task * Self.tasks[0].classes.count + answer.prediction,
                        confidence: answer.confidence,
                        probabilities: task == 0 ? own + others : others + own,
                        loss: -log(max(own[label], 1e-9))))
            }
        }
        var result = EvaluationResult(outputs: ModelOutputs(Self.tasks), questions: questions)
        for task in result.tasks.indices { result.tasks[task].evalPrompts = evaluated }
        change(&result)
        try run.record(result, split: split, dataset: EvaluatedDataset(features))
        return run
    }

    private static func write(
        _ kind: DatasetDescription.Kind, to directory: String, _ clips: [Clip], prompt: String,
        group: String, shape: [Int], parent: String? = nil
    ) throws -> Dataset {
        let shardFolder = "\(directory)/\(ShardFormat.shardFolder)"
        try makeDirectory(at: shardFolder)
        var shards: [DatasetDescription.Shard] = []
        var text = QuestionsFile.header(extra: ["group"])
        for (number, clip) in clips.enumerated() {
            for task in tasks {
                let index = number % task.classes.count
                text += QuestionsFile.line(
                    Question(
                        id: "", task: task.task, prompt: prompt, label: task.classes[index],
                        classIndex: index, split: .test, extra: ["group": group]),
                    about: clip, key: clip.key, extra: ["group"])
            }
        }
        var files = [ShardFormat.questionsName: sha256Hex([UInt8](text.utf8))]
        if kind == .pixels {
            let name = ShardFormat.shardName(split: Split.test.rawValue, index: 0)
            let writer = try ShardWriter(directory: shardFolder, name: name)
            for clip in clips.sorted(by: { $0.key < $1.key }) {
                try writer.append(sample(clip, shape))
            }
            let sidecar = try writer.finish(
                provenance: .init(fingerprint: "f", planHash: "p", recipeHash: "r"))
            shards.append(.init(name: name, split: .test, sidecar: sidecar))
            let file = "\(ShardFormat.shardFolder)/\(name).json"
            files[file] = try sha256Hex(ofFile: "\(directory)/\(file)")
        }
        try publishFile([UInt8](text.utf8), at: "\(directory)/\(ShardFormat.questionsName)")
        let array =
            kind == .pixels
            ? DatasetDescription.Array(
                member: ShardFormat.pixelMember, elementType: .uint8, shape: shape,
                layout: "C,T,H,W")
            : .init(
                member: ShardFormat.featureMember, elementType: .float16, shape: [4, 5, 8],
                layout: "T,L,D")
        let rows = tasks.count * clips.count
        let description = try DatasetDescription(
            kind: kind, clipRecipe: ClipRecipe(),
            featureRecipe: kind == .pixels
                ? nil
                : FeatureRecipe(
                    modelHash: "h", precision: .float32, tokens: .all, instructionSet: "any"),
            model: kind == .pixels ? nil : "m",
            division: .init(fractions: [0, 0, 1], seed: 1, shardClips: 256),
            splitRemarks: .init(),
            normalization: .init(imageMean: [0, 0, 0], imageStd: [1, 1, 1], rescaleFactor: 1),
            array: array, tasks: tasks, shards: shards,
            accounting: .init(rows: rows, stored: rows, reasons: [:]), parentHash: parent,
            files: files)
        try publishFile(
            canonicalJSON(description), at: "\(directory)/\(ShardFormat.descriptionName)")
        return try Dataset(directory: directory)
    }

    /// Noise, which no picture format makes small.
    private static func sample(_ clip: Clip, _ shape: [Int]) throws -> Sample {
        struct Metadata: Encodable { let receipt: ClipReceipt }
        let receipt = ClipReceipt(
            numFrames: 40, numFramesInWindow: 40, numFramesFromHeader: 40,
            frameIndices: [0, 13, 26, 39], pts: [0, 13, 26, 39], timeBase: "1/25",
            keyFrames: [true, false, false, false], decodeErrors: 0, concealedFrames: 0,
            damage: "", width: 320, height: 240, codec: "h264", pixelFormat: "yuv420p",
            colorMatrix: "bt601", colorRange: "limited", rotation: 0, mirrored: false,
            decoding: .indexed, fallbackReason: "", ffmpegVersion: "1")
        var state = clip.key.bits
        let pixels = (0..<shape.reduce(1, *)).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(state >> 56)
        }
        return Sample(
            key: clip.key, origin: .init(clip: clip, sourceSha256: "s"),
            members: [
                try SampleMember(
                    name: ShardFormat.pixelMember,
                    array: NPYArray(elementType: .uint8, shape: shape, elements: pixels),
                    compressor: ZstdCompressor(level: 1)),
                SampleMember(
                    name: ShardFormat.metadataMember,
                    bytes: try canonicalJSON(Metadata(receipt: receipt), pretty: false)),
            ])
    }
}
