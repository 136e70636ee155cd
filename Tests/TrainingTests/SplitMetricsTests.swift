import Files
import Foundation
import Recipes
import Testing

@testable import Training

struct SplitMetricsTests {
    private let dataset = EvaluatedDataset(name: "m-features", contentHash: "abc")

    @Test func recordsTheHardestQuestionsFirst() throws {
        let result = makeResult(
            oneTask(), (0..<12).map { (task: 0, label: $0 % 3, prediction: 0) })
        let metrics = SplitMetrics(try #require(result.tasks.first), dataset: dataset)
        #expect(metrics.questions == 12 && metrics.clips == 12)
        #expect(metrics.hardestClips.map(\.loss) == (2..<12).reversed().map(Double.init))
        let worst = try #require(metrics.hardestClips.first)
        #expect(worst.key == "clip11" && worst.video == "v11.mp4" && worst.prompt == "p")
        #expect(worst.label == "c" && worst.prediction == "a")
    }

    /// Names of tasks are keys in JSON, and stay as they are written.
    @Test func namesTheDatasetAndKeepsTheNamesOfTasks() throws {
        let outputs = ModelOutputs(
            ["Fruit kind_a", "fruitKindA"].map { AnswerSet(task: $0, classes: ["x", "y"]) })
        let result = makeResult(outputs, [(0, 0, 0), (1, 1, 0)])
        let written = ["test": result.metrics(on: dataset)]
        let bytes = try canonicalJSON(written)
        let read = try decodeJSON([String: [String: SplitMetrics]].self, from: bytes)
        #expect(read == written)
        #expect(read["test"]?.keys.sorted() == ["Fruit kind_a", "fruitKindA"])
        #expect(String(decoding: bytes, as: UTF8.self).contains(#""content_hash" : "abc""#))
    }
}
