import Files
import Foundation
import Training

extension RunReport {
    /// What came out, in sentences.
    func verdict(
        _ tasks: [RunPage.Task], _ questions: [PredictedQuestion], doubts: [String] = []
    ) -> [String] {
        guard !tasks.isEmpty else {
            return ["Nothing was evaluated yet: `vbtrain evaluate` does it."]
        }
        return tasks.map(headline) + doubts + tasks.compactMap(failures)
    }

    /// On which tasks a linear probe does as well.
    func doubts(_ metrics: [String: SplitMetrics]) -> [String] {
        metrics.sorted { $0.key < $1.key }.compactMap { $1.doubt(about: $0) }
    }

    private func headline(_ task: RunPage.Task) -> String {
        let hits = Int((task.accuracy * Double(task.questions)).rounded())
        let ends = task.interval.map { String(format: "%.1f", 100 * $0) }.joined(separator: " to ")
        let doubt =
            task.interval[0] <= task.chance
            ? "; that is not distinguishable from guessing" : ""
        return "\(task.name == "default" ? "Right" : "\(task.name): right") "
            + "for \(hits) of \(counted(task.questions, "question")) of the \(task.split) split, "
            + "\(percent(task.accuracy)) (95 %: \(ends)); guessing gives \(percent(task.chance))\(doubt)."
    }

    /// Which classes the errors come from, if few do.
    private func failures(_ task: RunPage.Task) -> String? {
        let errors = task.confusion.filter { $0[0] != $0[1] }.sorted { $0[2] > $1[2] }
        let total = errors.reduce(0) { $0 + $1[2] }
        guard let worst = errors.first, total > 0 else { return nil }
        let (label, answer) = (task.classes[worst[0]], task.classes[worst[1]])
        let place = task.name == "default" ? "" : " in \(task.name)"
        if worst[2] == total {
            return "All errors\(place) are one: “\(label)” is taken for “\(answer)” "
                + "(\(counted(total, "time")))."
        }
        return "The most frequent error\(place): “\(label)” is taken for “\(answer)”, "
            + "\(worst[2]) of \(counted(total, "error"))."
    }

    private func percent(_ value: Double) -> String { String(format: "%.1f\u{A0}%%", 100 * value) }
}
