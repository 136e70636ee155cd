import CommandSupport
import Files
import Foundation
import Pipelines
import Recipes
import Shards
import Training

/// What commands print about an evaluation.
struct EvaluationOutput {
    let result: EvaluationResult
    let split: Split
    let dataset: Dataset

    private var remarks: [String] { dataset.description.splitRemarks.sentences }

    /// Prints the summary as one JSON object.
    func printJSON() throws {
        let summary = EvaluationSummary(
            result, split: split, dataset: EvaluatedDataset(dataset), remarks: remarks)
        print(
            String(decoding: try canonicalJSON(summary, pretty: false), as: UTF8.self),
            terminator: "")
    }

    /// Prints report and confusion matrix of every task.
    func printTables() {
        // The last column stays free: some terminals begin a new line when it is filled.
        let width = terminalWidth(of: STDOUT_FILENO).map { max(40, $0) - 1 }
        for task in result.tasks {
            if result.outputs.tasks.count > 1 { print("task \(task.task.task)\n") }
            print(
                ClassificationReport(task.metrics.confusionMatrix, classes: task.task.classes)
                    .text(limit: Self.maximumClasses, width: width))
            print(ConfusionTable(task).text(width: width))
        }
    }

    /// Prints a line for each task and one about the dataset.
    func printFigures() {
        for task in result.tasks {
            printWrapped(figures(of: task))
            let sentences = task.probes?.sentences(
                of: task.questions.count, evaluated: task.evalPrompts)
            for sentence in sentences ?? [] { printWrapped("  \(sentence)") }
            if let line = baselines(of: task) { printWrapped(line) }
        }
        let hash = dataset.description.contentHash.prefix(12)
        printWrapped("dataset: \(absolutePath(dataset.directory)) (\(hash))")
    }

    /// Says on stderr what to know of the splits.
    func printRemarks() {
        for remark in remarks { writeToStandardError("Note: \(remark)\n") }
    }

    private func figures(of task: TaskEvaluation) -> String {
        let name = result.outputs.tasks.count > 1 ? ", \(task.task.task)" : ""
        let statistics = task.statistics
        let certainty =
            if let ends = statistics.f1WeightedInterval {
                "95 % interval \(interval(ends)) from \(statistics.groups) sources or groups"
            } else {
                "no interval, since all questions come from one source or group"
            }
        let amongAll =
            name.isEmpty
            ? "" : "\(percent(task.accuracyAmongAllTasks)) among the answers of all tasks, "
        return "\(split.rawValue)\(name): accuracy \(percent(task.metrics.accuracy)) of "
            + "\(counted(task.questions.count, "question")), "
            + "95 % interval \(interval(statistics.accuracyInterval)) "
            + "(chance \(percent(1 / Double(task.task.classes.count)))), "
            + amongAll + "weighted F1 \(percent(task.metrics.f1Weighted)), \(certainty)"
    }

    /// What simpler models reach, and whether the run is better than they are.
    private func baselines(of task: TaskEvaluation) -> String? {
        let metrics = result.metrics(of: task, on: EvaluatedDataset(dataset))
        guard let scores = metrics.baselines, !scores.isEmpty else { return nil }
        let figures = scores.map { "\($0.kind.rawValue) \(percent($0.accuracy))" }
        return "  baselines on the same features: \(figures.joined(separator: ", "))"
            + (metrics.doubt(about: task.task.task).map { ". \($0)" } ?? "")
    }

    /// Both ends in percent, such as `91.2–97.4 %`.
    private func interval(_ ends: [Double]) -> String {
        ends.map { (100 * $0).formatted(decimals: 1) }.joined(separator: "–") + " %"
    }

    /// Classes up to which a table of all of them is printed.
    static let maximumClasses = 40
}
