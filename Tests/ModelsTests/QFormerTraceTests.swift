import Foundation
import TestSupport
import Testing

@testable import Models

struct QFormerTraceTests {
    /// `output_attentions` and `output_hidden_states` of the same models, eager.
    @Test(arguments: GoldenModel.all.filter { $0.hasAttention })
    func agreesWithTransformersAttentionAndHiddenStates(_ golden: GoldenModel) throws {
        let trace = try golden.trace()
        let file = try SafetensorsFile(path: "\(golden.path)/attention.safetensors")
        let (attentions, states) = (
            try file.all("cross_attentions"), try file.all("hidden_states")
        )
        let numClips = try #require(file.shape(of: "cross_attentions")?[0])
        let shape = try #require(file.shape(of: "hidden_states"))
        for clip in 0..<numClips {
            let attention = trace.attention(ofClip: clip)
            #expect(attention.shape == file.shape(of: "cross_attentions").map { [Int]($0[1...]) })
            let size = attentions.count / numClips
            let difference = RelativeDifference(
                attention.values, Array(attentions[clip * size..<(clip + 1) * size]))
            #expect(difference.maximum < 1e-4, "\(difference)")

            // What stands in rows of padding counts for nothing.
            let found = trace.hiddenStates(ofClip: clip)
            let (own, size1) = (found.shape[1] * shape[3], shape[2] * shape[3])
            let expected = (0..<shape[1]).flatMap { layer in
                let start = (clip * shape[1] + layer) * size1
                return states[start..<start + own]
            }
            let statesDifference = RelativeDifference(found.values, expected)
            #expect(statesDifference.maximum < 1e-4, "\(statesDifference)")
        }
    }

    @Test(arguments: GoldenModel.all)
    func changesNoBitOfTheLogits(_ golden: GoldenModel) throws {
        let trace = try golden.trace()
        let logits = try golden.classifier().logits(
            try golden.tokens(), prompts: try golden.prompts())
        #expect(trace.logits == logits)
        let classifier = try golden.classifier()
        let output = classifier.queryOutput(try golden.tokens(), prompts: try golden.prompts())
        let size = trace.queryOutput(ofClip: 0).values.count
        #expect(trace.queryOutput(ofClip: 1).values == Array(output[size..<2 * size]))
    }

    /// Heads and queries of the last layer count alike.
    @Test func theMeanIsOverHeadsAndQueriesOfTheLastLayer() throws {
        let golden = GoldenModel.all[0]
        let trace = try golden.trace()
        let attention = trace.attention(ofClip: 1)
        let length = attention.shape[3]
        let last = attention.values.suffix(attention.values.count / attention.shape[0])
        let expected = (0..<length).map { token in
            let rows = stride(from: last.startIndex + token, to: last.endIndex, by: length)
            return rows.map { Double(last[$0]) }.reduce(0, +) * Double(length) / Double(last.count)
        }
        let mean = trace.meanAttention(ofClip: 1)
        #expect(mean.count == length)
        #expect(zip(mean, expected).allSatisfy { abs(Double($0) - $1) < 1e-6 })
    }

    /// Where queries read one frame, what they read of each frame adds up to 1.
    @Test(arguments: LayoutCase.all)
    func rowsAreSharesOfAFrameOrOfTheClip(_ test: LayoutCase) throws {
        let trace = try test.classifier().trace(test.tokens(), prompts: test.prompts())
        let attention = trace.attention(ofClip: 2)
        #expect(attention.shape == [2, 2, 3, 12])
        let length = test.configuration.layout == .joint ? 12 : 3
        for start in stride(from: 0, to: attention.values.count, by: length) {
            let sum = attention.values[start..<start + length].reduce(0, +)
            #expect(abs(sum - 1) < 1e-5)
        }
        // The frames are in order: the second one's share is that of its own sequence.
        guard test.configuration.layout == .frames else { return }
        let reversed = try test.classifier().trace(
            test.tokens(reversed: true), prompts: test.prompts())
        let first = attention.values[0..<3]
        let last = reversed.attention(ofClip: 2).values[9..<12]
        #expect(zip(first, last).allSatisfy { abs($0 - $1) < 1e-5 })
    }

    @Test func aMapLeavesCLSOut() throws {
        let mean: [Float] = [0.9, 0.1, 0.2, 0.3, 0.4, 0.8, 0, 0, 0, 0.2]
        let map = try #require(AttentionMap(mean, numFrames: 2))
        #expect(map.gridSize == 2)
        #expect(map.values == [0.1, 0.2, 0.3, 0.4, 0, 0, 0, 0.2])
        #expect(map.bytes(ofFrames: [1, 0]) == [0, 0, 0, 128, 64, 128, 191, 255])
        #expect(AttentionMap([0.5, 0.5], numFrames: 2) == nil)
    }

    @Test func aTensorFileHoldsWhatWasAppended() throws {
        let folder = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("a.safetensors").path
        let file = try TensorFile(path: path)
        try file.append(TraceTensor("x", shape: [2, 3], [1, 2, 3, 4, 5, 6]), prefix: "0.1.")
        try file.append(TraceTensor("y", shape: [1], [7]))
        #expect(!FileManager.default.fileExists(atPath: path))
        try file.publish(metadata: ["questions": #"[{"prompt":"a \"b\"/ü"}]"#])
        let read = try SafetensorsFile(path: path)
        #expect(read.names == ["0.1.x", "y"])
        #expect(try read.tensor("0.1.x", shape: [2, 3]) == [1, 2, 3, 4, 5, 6])
        #expect(try read.tensor("y", shape: [1]) == [7])
    }
}

extension GoldenModel {
    fileprivate var hasAttention: Bool {
        FileManager.default.fileExists(atPath: "\(path)/attention.safetensors")
    }

    fileprivate func trace() throws -> QFormerTrace {
        try classifier().trace(tokens(), prompts: prompts())
    }
}
