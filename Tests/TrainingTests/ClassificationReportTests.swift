import Testing

@testable import Training

struct ClassificationReportTests {
    /// Class 0 is always right, 1 half the time, 2 never; 3 does not occur.
    private let report = ClassificationReport(
        ConfusionMatrix(
            labels: [0, 0, 1, 1, 2], predictions: [0, 0, 1, 2, 1], numClasses: 4),
        classes: ["always", "half", "never", "none"])

    @Test func listsTheWorstOfManyClasses() {
        let lines = report.text(limit: 2).split(separator: "\n").map {
            $0.split(separator: " ").first.map(String.init) ?? ""
        }
        #expect(
            lines == ["precision", "never", "half", "(and", "accuracy", "macro", "weighted"])
        #expect(report.text(limit: 2).contains("(and 2 classes that do better or do not occur)"))
    }

    @Test func sumsUpAllClasses() {
        let (whole, part) = (report.text(limit: 4), report.text(limit: 2))
        #expect(whole == report.text)
        func last(_ text: String) -> [Substring] { Array(text.split(separator: "\n").suffix(3)) }
        #expect(last(whole) == last(part))
    }
}
