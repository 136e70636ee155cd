import Files
import Foundation
import Pipelines

/// An answer, or why there is none, as `predict --json` prints it.
struct Prediction: Encodable {
    let video: String
    let task: String
    let classes: [Predictor.Candidate]
    let error: String?
}

/// Prints predictions as they come: for people, or as the elements of one JSON array.
struct PredictionOutput {
    let isJSON: Bool
    /// Whether answers say which task they belong to.
    let namesTasks: Bool
    private var isEmpty = true

    init(isJSON: Bool, namesTasks: Bool) {
        (self.isJSON, self.namesTasks) = (isJSON, namesTasks)
    }

    /// Prints a prediction, so that a reader of the pipe has it at once.
    /// - Throws: `FileError` if stdout cannot take it.
    mutating func show(_ prediction: Prediction) throws {
        if isJSON {
            let line = try canonicalJSON(prediction, pretty: false).dropLast()
            print((isEmpty ? "[" : ",\n") + String(decoding: line, as: UTF8.self), terminator: "")
        } else if prediction.error == nil {
            print(prediction.video + (namesTasks ? "  \(prediction.task)" : ""))
            for candidate in prediction.classes { print(describe(candidate)) }
        }
        isEmpty = false
        try finishStandardOutput()
    }

    /// Ends the array.
    func finish() {
        if isJSON { print(isEmpty ? "[]" : "]") }
    }

    private func describe(_ candidate: Predictor.Candidate) -> String {
        let percent = (100 * candidate.probability).formatted(decimals: 1)
        let bar = String(repeating: "█", count: Int(candidate.probability * 30))
        let indent = String(repeating: " ", count: max(0, 5 - percent.count))
        return "  \(indent)\(percent) %  \(candidate.label)  \(bar)"
    }
}
