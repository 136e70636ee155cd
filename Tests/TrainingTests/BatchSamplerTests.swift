import Testing

@testable import Training

struct BatchSamplerTests {
    @Test(arguments: [0, 1, 2, 17])
    func visitsEveryQuestionOnce(_ count: Int) {
        let sampler = BatchSampler(clipIndices: Array(0..<count), seed: 4)
        let orders = (0..<3).map { sampler.order(epoch: $0) }
        for order in orders { #expect(order.sorted() == Array(0..<count)) }
        #expect(count < 3 || orders[0] != orders[1])
        #expect(
            orders[2] == BatchSampler(clipIndices: Array(0..<count), seed: 4).order(epoch: 2))
    }

    /// The order that trainings had when a sample was a question.
    @Test func shufflesQuestionsAboutClipsOfTheirOwnAsBefore() {
        let sampler = BatchSampler(clipIndices: Array(0..<10), seed: 42)
        #expect(sampler.order(epoch: 3) == [6, 1, 9, 8, 0, 3, 4, 7, 2, 5])
    }

    @Test func keepsTheQuestionsOfAClipTogether() {
        let clipIndices = [7, 7, 2, 5, 5, 5, 2]
        let sampler = BatchSampler(clipIndices: clipIndices, seed: 1)
        var firsts: Set<Int> = []
        for epoch in 0..<8 {
            let order = sampler.order(epoch: epoch)
            #expect(order.sorted() == Array(0..<7))
            let clips = order.map { clipIndices[$0] }
            let changes = zip(clips, clips.dropFirst()).count { $0 != $1 }
            #expect(changes == 2, "\(order)")
            firsts.insert(clips[0])
        }
        #expect(firsts == [7, 2, 5])
    }
}
