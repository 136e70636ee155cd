import Files
import Foundation
import TestSupport
import Testing

@testable import Training

struct MetricsTableTests {
    private let lines = [2, 4].map {
        LogLine(
            step: $0, epoch: 0.5, loss: 1.25, learningRate: 1e-05, gradNorm: 3, clipsPerSecond: 7,
            dataWait: 0)
    }

    @Test func hasARowForEachLineAndSurvivesAReopening() throws {
        let folder = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = "\(folder.path)/metrics.csv"
        let evaluation = EvaluationLine(
            step: 2, epoch: 1, result: makeResult(oneTask(), [(0, 0, 0), (0, 1, 0)]), metric: 0)
        try MetricsTable(path: path).append(lines[0])
        try MetricsTable(path: path).append(evaluation)
        let header =
            "step,epoch,loss,learning_rate,grad_norm,clips_per_second,eval_loss,eval_accuracy,"
            + "eval_f1_weighted,eval_f1_macro\n"
        let first = header + "2,0.5,1.25,1e-05,3.0,7.0,,,,\n"
        let row =
            "2,1.0,,,,,\(evaluation.evalLoss),0.5,\(evaluation.evalF1Weighted),"
            + "\(evaluation.evalF1Macro)\n"
        #expect(try String(contentsOfFile: path, encoding: .utf8) == first + row)
        try MetricsTable(path: path).rewrite(lines, [evaluation])
        #expect(
            try String(contentsOfFile: path, encoding: .utf8)
                == first + row + "4,0.5,1.25,1e-05,3.0,7.0,,,,\n")
    }
}
