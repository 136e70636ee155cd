import Files
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
            lines == ["precision", "never", "half", "(left", "accuracy", "macro", "weighted"])
        #expect(
            report.text(limit: 2).contains("(left out, better or without questions: 2 classes)"))
    }

    @Test(arguments: [40, 50, 80])
    func fitsTheWidth(_ width: Int) {
        let names = ["walking the dog in the park", "走るのが速い人たちの動画の名前", "a", "b"]
        let report = ClassificationReport(
            ConfusionMatrix(labels: [0, 1, 2], predictions: [0, 2, 1], numClasses: 4),
            classes: names)
        let lines = report.text(limit: 4, width: width).split(separator: "\n")
        #expect(lines.allSatisfy { columns(of: String($0)) <= width })
        #expect(lines.contains { $0.contains("walking") && $0.contains("1.00") })
    }

    @Test func sumsUpAllClasses() {
        let (whole, part) = (report.text(limit: 4), report.text(limit: 2))
        #expect(whole == report.text)
        func last(_ text: String) -> [Substring] { Array(text.split(separator: "\n").suffix(3)) }
        #expect(last(whole) == last(part))
    }
}
