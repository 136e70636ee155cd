import Foundation
import Recipes
import TestSupport

@testable import Models
@testable import Training

/// A small Q-Former that reads prompts, and its words.
enum PromptFixture {
    private static let words = [
        "[PAD]", "[UNK]", "[CLS]", "[SEP]", "which", "what", "how", "is", "it", "color", "way",
        "big", "shade", "moves", "describe",
    ]
    static let text = QFormerConfiguration.Text(vocabularySize: 15, maxPositions: 8)

    static func tokenizer() throws -> WordPieceTokenizer {
        let folder = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appendingPathComponent("vocab.txt")
        try Data(words.joined(separator: "\n").utf8).write(to: file)
        return try WordPieceTokenizer(path: file.path)
    }

    static func qformer(_ order: FrameOrder? = nil) -> QFormerConfiguration {
        var shape = smallQFormer
        shape.text = text
        shape.frameOrder = order
        return shape
    }

    static func reading(_ order: FrameOrder? = nil) throws -> ClipReading {
        try ClipReading(qformer: qformer(order), tokenizer: tokenizer())
    }

    static func model(numClasses: Int, _ order: FrameOrder? = nil) -> VideoClassifier {
        VideoClassifier(configuration: qformer(order), numClasses: numClasses, seed: 3)
    }
}

/// Clips of four frames of a token each, of one of two colors, which get brighter or darker; each is
/// asked for its direction, then for its color.
struct MovingDataset: FeatureDataset {
    let tokensPerClip = 4
    let hiddenSize = 24
    let labels: [Int]
    let keys: [String]
    let prompts: [String]
    let clipIndices: [Int]
    static let outputs = ModelOutputs([
        .init(task: "way", classes: ["down", "up"]),
        .init(task: "color", classes: ["blue", "red"]),
    ])

    init(numClips: Int, prompts: [String] = ["", ""]) {
        let questions = 0..<2 * numClips
        labels = questions.map { $0 % 2 == 0 ? $0 / 2 % 2 : 2 + $0 / 4 % 2 }
        keys = questions.map { "clip\($0 / 2)" }
        clipIndices = questions.map { $0 / 2 }
        self.prompts = questions.map { prompts[$0 % 2] }
    }

    func readFeatures(of index: Int, into values: inout MutableSpan<Float>) {
        let clip = clipIndices[index]
        let (isUp, isRed) = (clip % 2 == 1, clip / 2 % 2 == 1)
        for position in 0..<values.count {
            let (frame, channel) = position.quotientAndRemainder(dividingBy: hiddenSize)
            let brightness = Float(isUp ? frame : 3 - frame) - 1.5
            let color: Float = (channel % 3 == 0) == isRed ? 1 : -1
            let noise = Float((position * 7 + clip * 13) % 11 - 5) / 50
            values[position] = noise + (channel < 12 ? brightness : color)
        }
    }
}
