import Pipelines
import Training

/// Shows a training on stderr.
struct TrainingReporter {
    private let stop: StopSignal
    /// The training that it is about, if there are several; then evaluations alone are shown.
    private let name: String?

    init(stop: StopSignal, name: String? = nil) {
        self.stop = stop
        self.name = name
    }

    func note(_ message: String) {
        if name == nil { writeToStandardError(message + "\n") }
    }

    private func show(_ message: String) {
        writeToStandardError((name.map { "\($0): " } ?? "") + message + "\n")
    }

    func report(_ progress: TrainingProgress) -> TrainingAction {
        switch progress {
        case .pass, .update:
            break
        case .log(let line):
            note(
                "step \(line.step)  epoch \(line.epoch.formatted(decimals: 2))  "
                    + "loss \(line.loss.formatted(decimals: 4))  "
                    + "\(line.clipsPerSecond.formatted(decimals: 1)) clips/s")
        case .evaluation(let line, let isBest):
            show(
                "epoch \(line.epoch.formatted(decimals: 2))  "
                    + "validation loss \(line.evalLoss.formatted(decimals: 4))  "
                    + "accuracy \((100 * line.evalAccuracy).formatted(decimals: 1)) %  "
                    + "F1 \((100 * line.evalF1Weighted).formatted(decimals: 1)) %"
                    + (isBest ? "  best so far" : ""))
        case .checkpoint(let path):
            note("saved \(path)")
        case .stoppedEarly(let evaluations):
            show("No improvement in \(evaluations) evaluations: stopped early.")
        }
        return stop.isRequested ? .stop : .proceed
    }
}
