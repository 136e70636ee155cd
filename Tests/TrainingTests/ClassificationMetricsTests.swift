import Foundation
import TestSupport
import Testing

@testable import Training

struct ClassificationMetricsTests {
    struct GoldenCase: Decodable, Sendable {
        let labels: [Int]
        let predictions: [Int]
        let classes: [String]
        let accuracy: Double
        let f1Weighted: Double
        let f1Macro: Double
        let confusionMatrix: [[Int]]
        let report: String

        enum CodingKeys: String, CodingKey {
            case labels, predictions, classes, accuracy, report
            case f1Weighted = "f1_weighted"
            case f1Macro = "f1_macro"
            case confusionMatrix = "confusion_matrix"
        }
    }

    static func goldenCases() throws -> [GoldenCase] {
        let url = URL(fileURLWithPath: Fixtures.path("golden/metrics.json"))
        return try JSONDecoder().decode([GoldenCase].self, from: Data(contentsOf: url))
    }

    @Test(arguments: 0..<5)
    func equalsScikitLearn(_ index: Int) throws {
        let golden = try Self.goldenCases()[index]
        let metrics = ClassificationMetrics(
            labels: golden.labels, predictions: golden.predictions, classes: golden.classes)
        #expect(metrics.accuracy == golden.accuracy)
        #expect(metrics.f1Weighted == golden.f1Weighted)
        #expect(metrics.f1Macro == golden.f1Macro)
        #expect(metrics.confusionMatrix.rows == golden.confusionMatrix)
        #expect(metrics.report == golden.report)
    }
}
