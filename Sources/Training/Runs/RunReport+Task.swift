import Foundation
import Recipes

/// What `report.html` shows of one task.
struct TaskSection {
    let task: AnswerSet
    let split: Split
    let metrics: SplitMetrics

    /// What to know of the figures, a sentence each.
    var remarks: [String] {
        guard metrics.statistics.f1WeightedInterval == nil else { return [] }
        return [
            "The questions of \(split.rawValue) come from one source only, so there is no interval "
                + "of the F1: nothing is known about other videos."
        ]
    }

    /// Figures for cards, as name and value.
    var figures: [[String: String]] {
        let statistics = metrics.statistics
        return [
            ("accuracy, \(split.rawValue)", percent(metrics.accuracy)),
            ("95 % interval of the accuracy (Wilson)", interval(statistics.accuracyInterval)),
            ("weighted F1", percent(metrics.f1Weighted)),
            (
                "95 % interval of the F1 (bootstrap of \(statistics.groups) groups)",
                statistics.f1WeightedInterval.map(interval) ?? "–"
            ),
            ("calibration error", percent(statistics.expectedCalibrationError)),
            ("chance", percent(1 / Double(max(1, task.classes.count)))),
            ("questions, \(split.rawValue)", "\(metrics.questions)"),
            ("clips, \(split.rawValue)", "\(metrics.clips)"),
        ].map { ["name": $0, "value": $1] }
    }

    /// The section as the template reads it; figures of the only task stand at the page's top.
    func context(isOnlyOne: Bool) -> [String: Any] {
        var context: [String: Any] = [
            "heading": isOnlyOne ? split.rawValue : "\(task.task), \(split.rawValue)",
            "figures": isOnlyOne ? [] : figures,
            "classes": isLarge ? [] : task.classes,
            "matrix": matrixRows,
            "confusions": confusions,
            "report": ClassificationReport(metrics.confusionMatrix, classes: task.classes)
                .text(limit: Self.maximumClasses),
            "hardest": hardest,
        ]
        if isLarge { context["isLarge"] = true } else { context["hasMatrix"] = true }
        if !isOnlyOne { context["title"] = task.task }
        return context
    }

    /// Classes up to which the whole confusion matrix is drawn, and that the report lists.
    private static let maximumClasses = 40
    /// Pairs of classes that are listed where the matrix is too large.
    private static let maximumPairs = 50

    private var isLarge: Bool { task.classes.count > Self.maximumClasses }

    private var matrixRows: [[String: Any]] {
        let matrix = metrics.confusionMatrix
        return isLarge
            ? []
            : task.classes.indices.map { row in
                let counts = task.classes.indices.map { matrix[row, $0] }
                let total = max(1, counts.reduce(0, +))
                return [
                    "name": task.classes[row],
                    "cells": counts.enumerated().map { column, count in
                        [
                            "count": count == 0 ? "" : "\(count)",
                            "shade": String(format: "%.2f", Double(count) / Double(total)),
                            "kind": row == column ? "hit" : "miss",
                        ]
                    },
                ]
            }
    }

    /// The most frequent confusions, where there are too many classes for a matrix.
    private var confusions: [[String: String]] {
        guard isLarge else { return [] }
        return metrics.confusionMatrix.confusions.prefix(Self.maximumPairs).map { pair in
            [
                "label": task.classes[pair.label], "prediction": task.classes[pair.prediction],
                "count": "\(pair.count)",
            ]
        }
    }

    private var hardest: [[String: String]] {
        metrics.hardestClips.map { clip in
            [
                "key": clip.key, "video": clip.video, "prompt": clip.prompt, "label": clip.label,
                "verdict": clip.label == clip.prediction ? "right" : "taken for \(clip.prediction)",
                "loss": String(format: "%.3f", clip.loss),
            ]
        }
    }

    private func percent(_ value: Double) -> String { String(format: "%.1f %%", 100 * value) }

    private func interval(_ ends: [Double]) -> String {
        ends.map { String(format: "%.1f", 100 * $0) }.joined(separator: "–") + " %"
    }
}
