import Foundation
import Training

extension RunReport {
    /// Whether order and prompt are used, in sentences; empty if that was not probed.
    func usage(_ tasks: [(task: String, probes: TaskProbes)]) -> [String] {
        let order = tasks.compactMap { task, probes in
            probes.probe(.reversed).map { (task: task, share: $0.figures.unchanged) }
        }
        let prompt = tasks.compactMap { task, probes in
            (probes.probe(.otherPrompt) ?? probes.probe(.noPrompt)).map {
                (task: task, share: $0.figures.unchangedAmongAll)
            }
        }
        let hasOthers = tasks.contains { $0.probes.probe(.otherPrompt) != nil }
        return [
            sentence(order, "Reversing time", "With time reversed", "order"),
            sentence(
                prompt, hasOthers ? "The prompt of another task" : "Leaving the prompt out",
                hasOthers ? "With the prompt of another task" : "Without the prompt", "the prompt"),
        ].compactMap(\.self)
    }

    /// A sentence on the share of answers that stay after `change`; `nil` without tasks.
    private func sentence(
        _ unchanged: [(task: String, share: Double)], _ change: String, _ condition: String,
        _ what: String
    ) -> String? {
        guard !unchanged.isEmpty else { return nil }
        if unchanged.allSatisfy({ $0.share == 1 }) {
            return "\(change) changes nothing: this model does not use \(what)."
        }
        let parts = unchanged.map { task, share in
            String(format: "%.1f\u{A0}%%", 100 * share) + " of the answers stay"
                + (unchanged.count > 1 ? " in \(shortened(task))" : "")
                + " (\(what) \(TaskProbes.weight(ofUnchanged: share)))"
        }
        return "\(condition), \(parts.joined(separator: ", "))."
    }
}
