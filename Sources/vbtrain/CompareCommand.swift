import ArgumentParser
import CommandSupport
import Files
import Pipelines
import Recipes
import Reports
import Training

struct CompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Differences of runs in settings and metrics, with a paired test.",
        discussion: """
            All runs are compared with the first, on the questions that both answered: the difference \
            in accuracy with a 95 % interval (bootstrap by group) and McNemar's exact p. The split is \
            test, or validation where a run was not evaluated on test.
            """)

    @Argument(help: ArgumentHelp("Run directories, at least two.", valueName: "run"))
    var runs: [String]

    @Option(help: "Write a page with curves and the clips on which the runs differ to this file.")
    var html: String?

    @Flag(help: "Print the result as one JSON object on stdout.")
    var json = false

    func validate() throws {
        if runs.contains("") { throw ValidationError("A run's name is empty.") }
        if runs.count < 2 { throw ValidationError("Name at least two runs.") }
        try requireNotEmpty(["--html": html])
    }

    func run() throws {
        let comparison = try RunComparison(runs.map { try RunDirectory(opening: $0) })
        if let html {
            try comparison.write(to: html)
            writeToStandardError("\(html)\n")
        }
        if json {
            print(
                String(decoding: try canonicalJSON(comparison, pretty: false), as: UTF8.self),
                terminator: "")
        } else {
            show(comparison)
        }
    }

    private func show(_ comparison: RunComparison) {
        for task in comparison.tasks {
            print("\(task.task), \(comparison.split.rawValue):")
            for (number, run) in comparison.runs.enumerated() {
                printWrapped("  \(run): \(figures(task, number))")
            }
        }
        guard !comparison.differences.isEmpty else { return print("The settings are the same.") }
        print("Settings that differ:")
        for setting in comparison.differences {
            printWrapped("  \(setting.name): \(setting.values.joined(separator: " | "))")
        }
    }

    private func figures(_ task: RunComparison.TaskComparison, _ number: Int) -> String {
        guard let accuracy = task.accuracy[number], let f1 = task.f1Weighted[number] else {
            return "not evaluated"
        }
        var text = "accuracy \(percent(accuracy)), weighted F1 \(percent(f1))"
        guard number > 0, let paired = task.paired[number - 1] else { return text }
        text += "; \(paired.difference < 0 ? "" : "+")\(percent(paired.difference)) to the first"
        if let ends = paired.interval {
            text += " (95 %: \(percent(ends[0])) to \(percent(ends[1])))"
        }
        return text + ", p = \(paired.pValue.formatted(decimals: 4)) (McNemar)"
    }
}
