import Files
import Foundation
import Pipelines
import Synchronization
import Training

/// Shows a training on stderr: a bar on a terminal, otherwise the lines of the log.
final class TrainingReporter: Sendable {
    /// Updates and questions since the first report, from which rates are taken.
    private struct Pace {
        var start = ContinuousClock.now
        var updates = 0
        var questions = 0
        var totalSteps = 0

        var seconds: Double { (ContinuousClock.now - start) / .seconds(1) }
    }

    private let stop: StopSignal
    /// The training that it is about, if there are several; then only the bar, warnings and
    /// evaluations are shown.
    private let name: String?
    private let bar = ProgressBar()
    private let pace = Mutex<Pace?>(nil)

    init(stop: StopSignal, name: String? = nil) {
        self.stop = stop
        self.name = name
    }

    func note(_ message: String) {
        if name == nil { writeToStandardError(message + "\n") }
    }

    /// Says what to know of the training's input, of each of several trainings, too.
    func warn(_ message: String) {
        writeToStandardError((name.map { "\($0): " } ?? "") + message + "\n")
    }

    func report(_ progress: TrainingProgress) -> TrainingAction {
        switch progress {
        case .pass:
            pace.withLock { $0 = $0 ?? Pace() }
        case .update(let step, let totalSteps, let epoch, let loss, let questions):
            let pace = count(questions, totalSteps)
            let rate = Double(pace.questions) / max(pace.seconds, 1e-9)
            bar.show(
                line(step, epoch, loss, questionsPerSecond: rate, pace),
                fraction: Double(step) / Double(totalSteps), isLast: step == totalSteps)
        case .log(let log):
            guard !bar.isOnTerminal else { break }
            let pace = pace.withLock { $0 ?? Pace() }
            note(
                line(log.step, log.epoch, log.loss, questionsPerSecond: log.clipsPerSecond, pace)
                    .text(width: nil))
        case .evaluation(let line, let isBest):
            show(line, isBest: isBest)
        case .checkpoint(let path):
            note("saved \(bar.isOnTerminal ? lastComponent(of: path) : path)")
        case .stoppedEarly(let evaluations):
            show(
                ["stopped early", "\(counted(evaluations, "evaluation")) without improvement"],
                ranks: [0, 1])
        }
        return stop.isRequested ? .stop : .proceed
    }

    private func count(_ questions: Int, _ totalSteps: Int) -> Pace {
        pace.withLock { pace in
            var now = pace ?? Pace()
            now.updates += 1
            now.questions += questions
            now.totalSteps = totalSteps
            pace = now
            return now
        }
    }

    private func line(
        _ step: Int, _ epoch: Double, _ loss: Double, questionsPerSecond: Double, _ pace: Pace
    ) -> TerminalLine {
        var line = TerminalLine()
        line.add("step \(step)" + (pace.totalSteps > 0 ? "/\(pace.totalSteps)" : ""), rank: 0)
        line.add("epoch \(epoch.formatted(decimals: 2))", rank: 3)
        line.add("loss \(loss.formatted(decimals: 4))", rank: 2)
        line.add("\(questionsPerSecond.formatted(decimals: 1)) questions/s", rank: 4)
        if pace.updates > 0, step < pace.totalSteps {
            let seconds = pace.seconds / Double(pace.updates) * Double(pace.totalSteps - step)
            line.add("\(clockTime(seconds)) left", rank: 1)
        }
        return line
    }

    private func show(_ evaluation: EvaluationLine, isBest: Bool) {
        show(
            [
                "epoch \(evaluation.epoch.formatted(decimals: 2))",
                "validation loss \(evaluation.evalLoss.formatted(decimals: 4))",
                "accuracy \(percent(evaluation.evalAccuracy))",
                "F1 \(percent(evaluation.evalF1Weighted))",
            ] + (isBest ? ["best so far"] : []), ranks: [0, 3, 4, 1, 2])
    }

    /// Shows `parts` in a line after the training's name; larger ranks are left out first.
    private func show(_ parts: [String], ranks: [Int]) {
        var line = TerminalLine()
        for (number, (part, rank)) in zip(parts, ranks).enumerated() {
            let prefix = number == 0 ? name.map { "\($0): " } ?? "" : ""
            line.add(prefix + part, rank: rank)
        }
        writeToStandardError(line.text(width: terminalWidth(of: STDERR_FILENO)) + "\n")
    }
}
