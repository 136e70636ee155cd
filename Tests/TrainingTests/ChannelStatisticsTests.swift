import Foundation
import Models
import Synchronization
import Tensors
import Testing

@testable import Training

@Suite(.serialized)
struct ChannelStatisticsTests {
    private let clips = MemoryDataset(numClips: 150, numClasses: 3, hiddenSize: 24, seed: 4)

    @Test func areThoseOfAllTokens() throws {
        let found = try #require(try ChannelStatistics(of: clips))
        for channel in 0..<24 {
            let values = stride(from: channel, to: clips.values.count, by: 24).map {
                Double(clips.values[$0])
            }
            let mean = values.reduce(0, +) / Double(values.count)
            let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
            #expect(abs(Double(found.mean[channel]) - mean) < 1e-6)
            let deviation = (squares / Double(values.count)).squareRoot()
            #expect(abs(Double(found.deviation[channel]) - deviation) < 1e-6)
        }
    }

    @Test func bitsDoNotDependOnTheNumberOfThreads() throws {
        defer { MathThreads.set(ProcessInfo.processInfo.activeProcessorCount) }
        let found = try [1, 2, 3].map { threads in
            MathThreads.set(threads)
            return try #require(try ChannelStatistics(of: clips))
        }
        #expect(found[0].mean == found[1].mean && found[1].mean == found[2].mean)
        #expect(found[0].deviation == found[1].deviation)
    }

    @Test func aClipCountsOnceForAllItsQuestions() throws {
        let dataset = CountingDataset(clipIndices: [3, 9, 3, 3], labels: [0, 1, 2, 0])
        let once = CountingDataset(clipIndices: [3, 9], labels: [0, 1])
        let (found, expected) = (
            try ChannelStatistics(of: dataset), try ChannelStatistics(of: once)
        )
        #expect(found?.mean == expected?.mean && found?.deviation == expected?.deviation)
        #expect(dataset.reads.withLock { $0 }.count == 2)
    }

    /// Standardised by the model, tokens give what standardised tokens give.
    @Test func foldIntoTheProductsWithFrameTokens() throws {
        var shape = smallQFormer
        let plain = VideoClassifier(configuration: shape, numClasses: 3, seed: 1)
        shape.standardization = .channel
        var folded = VideoClassifier(configuration: shape, numClasses: 3, seed: 1)
        var raw = clips
        raw.values = raw.values.enumerated().map { $1 * (1 + Float($0 % 24)) + 5 }
        let statistics = try #require(try ChannelStatistics(of: raw))
        folded.standardize(statistics.mean, statistics.deviation)
        let standardized = raw.values.enumerated().map { place, value in
            (value - statistics.mean[place % 24]) / statistics.deviation[place % 24]
        }
        let expected = plain.logits(
            FrameTokens(standardized, numClips: 150, qformer: smallQFormer))
        let found = folded.logits(FrameTokens(raw.values, numClips: 150, qformer: shape))
        #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 1e-5 })
        #expect(found != plain.logits(FrameTokens(raw.values, numClips: 150, qformer: shape)))
    }
}
