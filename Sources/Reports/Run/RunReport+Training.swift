import Files
import Foundation
import Models
import Recipes
import Training

extension RunDirectory {
    /// Curves over the steps of the training.
    /// - Throws: `FileError.damaged`.
    func curves() throws -> [RunPage.Curve] {
        let log = try logLines(LogLine.self)
        let evaluations = try logLines(EvaluationLine.self)
        let best = bestEvaluation(of: evaluations).map { Double($0.step) }
        func series(_ name: String, _ value: (LogLine) -> Double) -> RunPage.Series {
            .init(name: name, points: log.map { [Double($0.step), value($0)] })
        }
        func evaluated(_ name: String, _ value: (EvaluationLine) -> Double) -> RunPage.Series {
            .init(name: name, points: evaluations.map { [Double($0.step), value($0)] })
        }
        return [
            .init(
                title: "Loss",
                series: [series("training", \.loss), evaluated("validation", \.evalLoss)],
                best: best),
            .init(
                title: "Validation scores",
                series: [
                    evaluated("accuracy", \.evalAccuracy),
                    evaluated("weighted F1", \.evalF1Weighted),
                ], best: best),
            .init(title: "Learning rate", series: [series("learning rate", \.learningRate)]),
            .init(title: "Gradient norm", series: [series("before clipping", \.gradNorm)]),
        ]
    }

    private func bestEvaluation(of lines: [EvaluationLine]) -> EvaluationLine? {
        let options = configuration.options
        let greater = options.isGreaterBetter
        return lines.max { one, other in
            greater
                ? one.evalMetricForBest < other.evalMetricForBest
                : one.evalMetricForBest > other.evalMetricForBest
        }
    }
}

extension TrainOptions {
    /// The options that differ from their defaults, except for wordings, which are long.
    func differencesFromDefaults() throws -> [RunPage.Option] {
        let (mine, usual) = (try fields(self), try fields(TrainOptions()))
        let names = Set(mine.keys).union(usual.keys).subtracting(["wordings"])
        return names.sorted().filter { mine[$0] != usual[$0] }.map {
            RunPage.Option(
                name: "--" + $0.replacing("_", with: "-"), value: mine[$0] ?? "not set",
                usual: usual[$0] ?? "not set")
        }
    }

    private func fields(_ options: TrainOptions) throws -> [String: String] {
        let json = try JSONSerialization.jsonObject(with: Data(canonicalJSON(options)))
        return (json as? [String: Any] ?? [:]).mapValues { "\($0)" }
    }
}

extension RunConfiguration {
    /// What the run was made from.
    var provenance: [RunPage.Item] {
        let clips = clipRecipe
        return [
            ("dataset", "\(lastComponent(of: datasetPath)), content \(datasetHash.prefix(16))"),
            ("encoder", "\(model), weights \(featureRecipe.modelHash.prefix(16))"),
            (
                "clips",
                "\(counted(clips.numFrames, "frame")) (\(clips.sampling.rawValue)), \(clips.imageSize) pixels "
                    + "(\(clips.resize.rawValue))"
            ),
            (
                "features",
                "\(featureRecipe.precision.rawValue), tokens \(featureRecipe.tokens.rawValue), "
                    + "\(featureRecipe.instructionSet)"
            ),
            ("layout", "\(qformer.layout.rawValue), times: \(qformer.position.rawValue)"),
            ("standardised", qformer.standardization?.rawValue ?? "none"),
            ("prompts", wordings),
            ("first weights", initFrom ?? "random, seed \(options.seed)"),
            ("vbtrain", programVersion),
        ].map { RunPage.Item(name: $0, value: shortened($1)) }
    }

    private var wordings: String {
        guard let wordings = options.wordings else { return "those of the rows" }
        return wordings.tasks.map { task in
            let heldOut = task.heldOut.map { ", \($0.prompts.count) held out as \($0.name)" }
            return "\(task.task): \(counted(task.training.count, "wording"))\(heldOut.joined())"
        }.joined(separator: "; ") + "; evaluated: \(wordings.evaluated.rawValue)"
    }
}
