import Testing

@testable import Training

struct ProbedQuestionsTests {
    private func order(_ change: TaskProbes.Change, numFrames: Int = 8, clip: Int = 3) -> [Int] {
        FrameExchange(change: change, numFrames: numFrames, seed: 5).order(clip: clip)
    }

    @Test func exchangesFramesAsTheProbeSays() {
        #expect(order(.reversed) == [7, 6, 5, 4, 3, 2, 1, 0])
        #expect(order(.middleFrame) == [3, 3, 3, 3, 3, 3, 3, 3])
        #expect(order(.middleFrame, numFrames: 3) == [1, 1, 1])
        #expect(order(.noPrompt) == [0, 1, 2, 3, 4, 5, 6, 7])
    }

    @Test func shufflesTheFramesOfEachClipInAnOrderOfItsOwn() {
        let orders = (0..<20).map { order(.shuffled, clip: $0) }
        #expect(orders.allSatisfy { $0.sorted() == Array(0..<8) && $0 != Array(0..<8) })
        #expect(Set(orders).count > 15)
        #expect(orders[4] == order(.shuffled, clip: 4))
        #expect((0..<20).allSatisfy { order(.shuffled, numFrames: 2, clip: $0) == [1, 0] })
    }

    @Test func tokensOfAFrameMoveTogetherAndTimesStay() throws {
        struct Timed: FeatureDataset {
            let tokensPerClip = 6, hiddenSize = 2
            let labels = [0, 0], keys = ["a", "b"]
            func readFeatures(of index: Int, into values: inout MutableSpan<Float>) {
                for place in 0..<values.count { values[place] = Float(100 * index + place) }
            }
            func frameTimes(of index: Int) -> [Double]? { [0, 1, Double(index)] }
        }
        let frames = FrameExchange(change: .reversed, numFrames: 3, seed: 1)
        let probed = ProbedQuestions(Timed(), [1, 1, 0], prompts: ["x", "y", "z"], frames: frames)
        #expect(try probed.features(of: 2) == [8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3])
        #expect(try probed.frameTimes(of: 0) == [0, 1, 1])
        #expect(probed.keys == ["b", "b", "a"] && probed.prompts == ["x", "y", "z"])
        #expect(probed.clipIndices == [1, 1, 0])
    }
}
