import Files
import Foundation
import Manifests
import Recipes
import Shards
import Training

/// A line of `predictions-SPLIT.csv`.
struct PredictedQuestion {
    let key: ClipKey
    let video: String
    /// Number of the task, as the run's configuration lists them.
    let task: Int
    let prompt: String
    let label: Int
    let prediction: Int
    let loss: Double
    /// The most probable answers, class and probability, at most four, best first.
    let best: [(answer: Int, probability: Double)]
    /// Probability of the right answer.
    let probabilityOfLabel: Double

    var isRight: Bool { label == prediction }
    /// How much more probable the first answer is than the second.
    var margin: Double { best.count > 1 ? best[0].probability - best[1].probability : 1 }
    var confidence: Double { best.first?.probability ?? 0 }

    /// Reads the answers of a run on `split`; an empty list if it was not evaluated there.
    ///
    /// Probabilities are those among the answers of the question's own task. A file of many outputs
    /// holds that of the prediction alone; that of the right answer follows from the loss.
    /// - Throws: as `RunDirectory.predictions` and `DelimitedFile`, and
    ///   `ReportError.foreignPredictions` if the file is not of this run.
    static func all(of run: RunDirectory, split: Split) throws -> [PredictedQuestion] {
        let path = run.predictionsPath(of: split)
        guard let bytes = try run.predictions(of: split) else { return [] }
        let file = try DelimitedFile(bytes: bytes, path: path)
        let outputs = run.configuration.outputs
        let isShort = file.header.last == "confidence" && file.header.count == 8
        let first = 7
        guard isShort || Array(file.header.dropFirst(first)) == outputs.names else {
            throw ReportError.foreignPredictions(path: path)
        }
        let classes = outputs.tasks.map { task in
            Dictionary(
                task.classes.enumerated().map { (Array($1.utf8), $0) },
                uniquingKeysWith: { first, _ in first })
        }
        return try file.records.map { record in
            let fields = record.fields
            guard fields.count == file.header.count, let key = ClipKey(fields[0]),
                let task = outputs.task(named: fields[2]),
                let label = classes[task][Array(fields[4].utf8)],
                let prediction = classes[task][Array(fields[5].utf8)],
                let loss = Double(fields[6]), loss.isFinite, loss > -1e-3,
                var probabilities = probabilities(fields[first...])
            else { throw ReportError.foreignPredictions(path: path) }
            if isShort {
                return PredictedQuestion(
                    key: key, video: fields[1], task: task, prompt: fields[3], label: label,
                    prediction: prediction, loss: loss, best: [(prediction, probabilities[0])],
                    probabilityOfLabel: min(1, exp(-loss)))
            }
            probabilities = Array(probabilities[outputs.range(of: task)])
            let sum = probabilities.reduce(0, +)
            if sum > 0 { probabilities = probabilities.map { $0 / sum } }
            return PredictedQuestion(
                key: key, video: fields[1], task: task, prompt: fields[3], label: label,
                prediction: prediction, loss: loss, best: largest(of: probabilities),
                probabilityOfLabel: probabilities[label])
        }
    }

    /// `fields` as probabilities; `nil` if one is none.
    private static func probabilities(_ fields: ArraySlice<String>) -> [Double]? {
        let numbers = fields.compactMap(Double.init)
        let areAll = numbers.count == fields.count && numbers.allSatisfy { 0...1.001 ~= $0 }
        return areAll ? numbers : nil
    }

    private static func largest(of probabilities: [Double], count: Int = 4) -> [(Int, Double)] {
        var best: [(Int, Double)] = []
        for (answer, probability) in probabilities.enumerated() {
            let place = best.firstIndex { $0.1 < probability } ?? best.count
            guard place < count else { continue }
            best.insert((answer, probability), at: place)
            if best.count > count { best.removeLast() }
        }
        return best
    }
}

/// Why a page cannot be made.
public enum ReportError: Error, Equatable, CustomStringConvertible {
    /// The answers in the file at `path` are not those of the run's tasks.
    case foreignPredictions(path: String)
    /// No split was evaluated in all runs.
    case nothingToCompare

    /// One sentence, with the remedy.
    public var description: String {
        switch self {
        case .foreignPredictions(let path):
            "\(path) does not hold answers to the run's tasks. "
                + "Write it anew with `vbtrain evaluate`."
        case .nothingToCompare:
            "No split was evaluated in all of these runs. Evaluate each with `vbtrain evaluate`."
        }
    }
}
