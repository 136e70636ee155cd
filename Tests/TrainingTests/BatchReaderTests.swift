import Models
import Synchronization
import Testing

@testable import Training

/// Questions about clips of random numbers, which count how often they are read.
final class CountingDataset: FeatureDataset {
    let tokensPerClip = 5
    let hiddenSize = 24
    let labels: [Int]
    let clipIndices: [Int]
    let reads = Mutex<[Int]>([])
    var keys: [String] { clipIndices.map { "clip\($0)" } }

    init(clipIndices: [Int], labels: [Int]) {
        self.clipIndices = clipIndices
        self.labels = labels
    }

    func readFeatures(of index: Int, into values: inout MutableSpan<Float>) {
        let clip = clipIndices[index]
        reads.withLock { $0.append(clip) }
        for position in 0..<values.count {
            values[position] = Float((position * 7 + clip * 13) % 11) / 11
        }
    }
}

struct BatchReaderTests {
    @Test func readsAClipOnceForAllItsQuestions() throws {
        let dataset = CountingDataset(
            clipIndices: [3, 3, 3, 3, 9, 9, 3], labels: Array(repeating: 0, count: 7))
        let reading = try ClipReading(qformer: smallQFormer)
        var reader = BatchReader(dataset, reading)
        let order = Array(0..<7)
        let tokens = try reader.tokens(of: order[...], next: nil)
        #expect(dataset.reads.withLock { $0 } == [3, 9])

        let model = VideoClassifier(configuration: smallQFormer, numClasses: 3, seed: 1)
        let apart = try reading.frameTokens(numClips: 7, tokensPerClip: 5) {
            try dataset.features(of: $0)
        }
        #expect(dataset.reads.withLock { $0 }.count == 9)
        #expect(model.logits(tokens) == model.logits(apart))
    }

    @Test func tenQuestionsAboutAClipCostAnEpochOneReading() throws {
        let dataset = CountingDataset(
            clipIndices: Array(repeating: 0, count: 10), labels: (0..<10).map { $0 % 3 })
        var options = TrainOptions()
        options.epochs = 1
        options.batchSize = 10
        options.evalStrategy = .no
        var trainer = try Trainer(
            model: VideoClassifier(configuration: smallQFormer, numClasses: 3, seed: 1),
            options: options, training: dataset, validation: dataset, outputs: oneTask(),
            reading: ClipReading(qformer: smallQFormer))
        _ = try trainer.run { _ in .proceed }
        #expect(dataset.reads.withLock { $0 } == [0])
    }
}
