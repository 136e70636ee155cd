import Foundation
import Models
import Mustache
import Shards
import SwiftCSV

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
        try Data(template.render(try makeContext()).utf8).write(
            to: URL(fileURLWithPath: path), options: .atomic)
        return path
    }

    private func makeContext() throws -> [String: Any] {
        let configuration = run.configuration
        let metrics = try run.metrics()
        let evaluations = run.logLines(EvaluationLine.self)
        let log = run.logLines(LogLine.self)
        let shown = metrics["test"] ?? metrics["validation"]
        let splitName = metrics["test"] == nil ? "validation" : "test"
        return [
            "name": URL(fileURLWithPath: run.path).lastPathComponent,
            "encoder": configuration.encoder.model,
            "figures": figures(shown, split: splitName, evaluations: evaluations),
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
            "split": splitName,
            "classes": configuration.classes,
            "matrix": shown.map { matrixRows($0.confusionMatrix) } ?? [],
            "report": shown?.report ?? "",
            "mistakes": mistakes(split: splitName),
            "options": optionRows(configuration),
        ]
    }

    private func figures(
        _ metrics: SplitMetrics?, split: String, evaluations: [EvaluationLine]
    ) -> [[String: String]] {
        func figure(_ name: String, _ value: String) -> [String: String] {
            ["name": name, "value": value]
        }
        func percent(_ value: Double) -> String { String(format: "%.1f %%", 100 * value) }
        func interval(_ ends: [Double]) -> String {
            ends.map { String(format: "%.1f", 100 * $0) }.joined(separator: "–")
        }
        var figures: [[String: String]] = []
        if let metrics {
            figures += [
                figure("accuracy, \(split)", percent(metrics.accuracy)),
                figure("95 % interval", interval(metrics.statistics.accuracyInterval)),
                figure("weighted F1", percent(metrics.f1Weighted)),
                figure("calibration error", percent(metrics.statistics.expectedCalibrationError)),
                figure("chance", percent(1 / Double(max(1, run.configuration.classes.count)))),
                figure("clips, \(split)", "\(metrics.clips)"),
            ]
        }
        figures.append(figure("clips, train", "\(run.configuration.trainingClips)"))
        if let last = evaluations.last {
            figures.append(figure("epochs", String(format: "%.0f", last.epoch)))
        }
        return figures
    }

    private func matrixRows(_ matrix: [[Int]]) -> [[String: Any]] {
        zip(run.configuration.classes, matrix).map { name, counts in
            let total = max(1, counts.reduce(0, +))
            return [
                "name": name,
                "cells": counts.enumerated().map { index, count in
                    [
                        "count": count == 0 ? "" : "\(count)",
                        "shade": String(format: "%.2f", Double(count) / Double(total)),
                        "kind": run.configuration.classes[index] == name ? "hit" : "miss",
                    ]
                },
            ]
        }
    }

    /// The wrongly predicted clips with the largest loss, at most twelve.
    private func mistakes(split: String) -> [[String: String]] {
        let url = URL(fileURLWithPath: run.predictionsPath(split: split))
        let rows = (try? CSV<Enumerated>(url: url, loadColumns: false))?.rows ?? []
        return rows.filter { $0.count > 4 && $0[2] != $0[3] }
            .sorted { (Double($0[4]) ?? 0) > (Double($1[4]) ?? 0) }.prefix(12)
            .map { row in
                [
                    "key": row[0], "video": row[1], "label": row[2], "prediction": row[3],
                    "loss": String(format: "%.3f", Double(row[4]) ?? 0),
                ]
            }
    }

    private func optionRows(_ configuration: RunConfiguration) -> [[String: String]] {
        let options = configuration.options
        let shape = configuration.qformer
        return [
            (
                "frames per clip",
                "\(configuration.settings.numFrames), \(configuration.settings.sampling)"
            ),
            ("encoder", "\(configuration.encoder.model), \(configuration.encoder.precision)"),
            (
                "Q-Former",
                "\(shape.numHiddenLayers) layers, \(shape.hiddenSize) wide, \(shape.numQueryTokens) queries"
            ),
            ("batch × accumulation", "\(options.batchSize) × \(options.gradientAccumulation)"),
            ("learning rate", "\(options.learningRate), \(options.lrScheduler.rawValue)"),
            ("weight decay", "\(options.weightDecay)"), ("dropout", "\(options.dropout)"),
            ("seed", "\(options.seed)"), ("dataset", String(configuration.datasetHash.prefix(16))),
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
