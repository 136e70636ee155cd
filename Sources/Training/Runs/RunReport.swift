import Files
import Foundation
import Models
import Mustache
import Recipes

/// Writes `report.html`: one page without outside resources that shows what a run achieved.
public struct RunReport {
    private let run: RunDirectory

    /// Prepares the report of `run`; `write` renders it.
    public init(run: RunDirectory) {
        self.run = run
    }

    /// Renders the page from the run's files and publishes it.
    /// - Returns: the page's path.
    @discardableResult
    public func write() throws -> String {
        let template = try MustacheTemplate(string: reportTemplate)
        let path = "\(run.path)/report.html"
        try publishFile([UInt8](template.render(makeContext()).utf8), at: path)
        return path
    }

    private func makeContext() throws -> [String: Any] {
        let configuration = run.configuration
        let metrics = try run.metrics()
        let evaluations = try run.logLines(EvaluationLine.self)
        let log = try run.logLines(LogLine.self)
        let split: Split = metrics[Split.test.rawValue] == nil ? .validation : .test
        let shown = metrics[split.rawValue] ?? [:]
        let tasks = configuration.tasks.compactMap { task in
            shown[task.task].map { TaskSection(task: task, split: split, metrics: $0) }
        }
        let hasOneTask = configuration.tasks.count == 1
        return [
            "name": URL(fileURLWithPath: run.path).lastPathComponent,
            "encoder": configuration.model,
            "figures": (hasOneTask ? tasks.flatMap(\.figures) : []) + runFigures(evaluations),
            "remarks": configuration.splitRemarks.sentences + tasks.flatMap(\.remarks),
            "charts": [
                LineChart(
                    title: "Training loss", points: log.map { ($0.epoch, $0.loss) }
                ).context,
                LineChart(
                    title: "Validation weighted F1",
                    points: evaluations.map { ($0.epoch, $0.evalF1Weighted) }, upperBound: 1
                ).context,
                LineChart(
                    title: "Learning rate", points: log.map { ($0.epoch, $0.learningRate) }
                ).context,
            ],
            "tasks": tasks.map { $0.context(isOnlyOne: hasOneTask) },
            "options": optionRows(configuration),
        ]
    }

    private func runFigures(_ evaluations: [EvaluationLine]) -> [[String: String]] {
        var figures = [
            ("questions, train", "\(run.configuration.trainingQuestions)"),
            ("clips, train", "\(run.configuration.trainingClips)"),
        ]
        if let last = evaluations.last {
            figures.append(("epochs", String(format: "%.0f", last.epoch)))
        }
        return figures.map { ["name": $0, "value": $1] }
    }

    private func optionRows(_ configuration: RunConfiguration) -> [[String: String]] {
        let options = configuration.options
        let shape = configuration.qformer
        let clips = configuration.clipRecipe
        let features = configuration.featureRecipe
        return [
            ("frames per clip", "\(clips.numFrames), \(clips.sampling.rawValue)"),
            ("encoder", "\(configuration.model), \(features.precision.rawValue)"),
            (
                "Q-Former",
                "\(shape.numHiddenLayers) layers, \(shape.hiddenSize) wide, "
                    + "\(shape.numQueryTokens) queries"
            ),
            ("batch × accumulation", "\(options.batchSize) × \(options.gradientAccumulation)"),
            ("learning rate", "\(options.learningRate), \(options.lrScheduler.rawValue)"),
            ("weight decay", "\(options.weightDecay)"), ("dropout", "\(options.dropout)"),
            ("seed", "\(options.seed)"),
            (
                "dataset",
                "\(URL(fileURLWithPath: configuration.datasetPath).lastPathComponent), "
                    + configuration.datasetHash.prefix(16)
            ),
        ].map { ["name": $0, "value": $1] }
    }
}

/// A curve as an inline SVG of 320 × 140 units.
private struct LineChart {
    let title: String
    let points: [(x: Double, y: Double)]
    var upperBound: Double?

    var context: [String: String] {
        let xs = points.map(\.x)
        let ys = points.map(\.y).filter(\.isFinite)
        let top = upperBound ?? (ys.max() ?? 1)
        let bottom = min(0, ys.min() ?? 0)
        let (left, right) = (min(0, xs.min() ?? 0), xs.max() ?? 1)
        let path = points.map { point in
            let x = 10 + 300 * (point.x - left) / max(right - left, 1e-9)
            let y = 130 - 120 * (point.y - bottom) / max(top - bottom, 1e-12)
            return String(format: "%.1f,%.1f", x, y)
        }.joined(separator: " ")
        return [
            "title": title, "path": path,
            "last": points.last.map { String(format: "%.4g", $0.y) } ?? "–",
            "top": String(format: "%.2g", top),
        ]
    }
}
