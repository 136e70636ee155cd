import Files
import Foundation
import Recipes
import Testing

@testable import Training

struct EvaluationSummaryTests {
    @Test func saysWhichDatasetItIsAboutAndWhatToKnowOfIt() throws {
        let result = makeResult(oneTask(["a", "b"]), [(0, 0, 0), (0, 1, 0)])
        let summary = EvaluationSummary(
            result, split: .test, dataset: EvaluatedDataset(name: "n", contentHash: "h"),
            remarks: ["Careful."])
        let json = try JSONSerialization.jsonObject(with: Data(try canonicalJSON(summary)))
        let fields = try #require(json as? [String: Any])
        #expect(fields["split"] as? String == "test" && fields["accuracy"] as? Double == 0.5)
        #expect(fields["dataset"] as? [String: String] == ["name": "n", "content_hash": "h"])
        #expect(fields["remarks"] as? [String] == ["Careful."])
        let task = (fields["tasks"] as? [String: [String: Any]])?["default"]
        #expect(task?["questions"] as? Int == 2)
    }
}
