import Tensors

/// The order in which an epoch visits the questions.
///
/// Clips are shuffled, by seed and epoch alone, and the questions about a clip stay together, so
/// that one reading of its tokens serves them all.
/// Source: Fisher and Yates' shuffle; random numbers by position from `CounterRandom`.
struct BatchSampler: Sendable {
    private let seed: UInt64
    /// The questions about each clip.
    private let questions: [[Int]]

    /// - Parameters:
    ///   - clipIndices: The clip of each question, as a number.
    ///   - seed: Decides the orders of all epochs.
    init(clipIndices: [Int], seed: UInt64) {
        self.seed = seed
        var places: [Int: Int] = [:]
        var questions: [[Int]] = []
        for (question, clip) in clipIndices.enumerated() {
            if let place = places[clip] {
                questions[place].append(question)
            } else {
                places[clip] = questions.count
                questions.append([question])
            }
        }
        self.questions = questions
    }

    /// A permutation of all questions for `epoch`, from 0.
    func order(epoch: Int) -> [Int] {
        let random = CounterRandom(seed: seed, stream: UInt64(epoch))
        var order = Array(questions.indices)
        for index in stride(from: order.count - 1, to: 0, by: -1) {
            order.swapAt(index, Int(random.bits(UInt64(index)) % UInt64(index + 1)))
        }
        return order.flatMap { questions[$0] }
    }
}
