import Recipes
import Testing

@testable import Training

struct ClassWeightingTests {
    private let outputs = ModelOutputs([
        AnswerSet(task: "color", classes: ["blue", "red"]),
        AnswerSet(task: "size", classes: ["big", "mid", "small"]),
    ])

    @Test func allCountOneUnlessAskedForBalance() {
        #expect(TrainOptions.ClassWeighting.none.weights(labels: [0], outputs: outputs) == nil)
    }

    /// scikit-learn's `balanced` for each task alone: questions / (classes · questions of the class).
    @Test func balancesTheClassesOfEachTask() {
        let weights = TrainOptions.ClassWeighting.balanced.weights(
            labels: [0, 0, 0, 1, 2, 2, 3, 3, 3, 3], outputs: outputs)
        let expected: [Double] = [2.0 / 3, 2, 1, 0.5, 0]
        #expect(weights == expected)
    }
}
