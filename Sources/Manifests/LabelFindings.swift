import Files
import Recipes

/// Something about labels or splits that a person should look at; `doctor` prints it.
public struct LabelFinding: Sendable, Codable, Equatable {
    /// One short word, such as `label-typo`.
    public let kind: String
    /// The label, video, group or split that it is about.
    public let subject: String
    /// What was found.
    public let detail: String

    /// Creates the finding from its parts.
    public init(kind: String, subject: String, detail: String) {
        self.kind = kind
        self.subject = subject
        self.detail = detail
    }
}

/// What is odd about the labels and splits of a manifest, before any video is looked at.
///
/// Kinds: `label-typo`, `conflicting-labels`, `leaking-source`, `merged-tasks`, `empty-split`,
/// `label-not-trained`, `label-imbalance`; in this order.
public func labelFindings(manifest: Manifest, plan: DatasetPlan) -> [LabelFinding] {
    let tally = LabelTally(manifest: manifest, plan: plan)
    return typos(tally) + conflicts(manifest) + leaks(plan)
        + mergedTasks(manifest: manifest, plan: plan)
        + emptySplits(tally, plan.fractions) + untrained(tally) + imbalances(tally)
}

/// Rows by task, split and label.
private struct LabelTally {
    /// Sorted by task.
    let tasks: [(task: String, counts: [Split: [ExactText: Int]])]

    init(manifest: Manifest, plan: DatasetPlan) {
        var counts: [ExactText: [Split: [ExactText: Int]]] = [:]
        for (index, row) in manifest.rows.enumerated() where plan.isPlanned(index) {
            counts[ExactText(row.task), default: [:]][plan.splits[index], default: [:]][
                ExactText(row.label), default: 0] += 1
        }
        tasks = counts.sorted { $0.key < $1.key }.map { ($0.key.text, $0.value) }
    }
}

private func typos(_ tally: LabelTally) -> [LabelFinding] {
    tally.tasks.flatMap { task, counts in
        let ofAllSplits = counts.values.reduce(into: [ExactText: Int]()) { sums, counts in
            sums.merge(counts, uniquingKeysWith: +)
        }
        return labelTypos(ofAllSplits).map { label, likely in
            LabelFinding(
                kind: "label-typo", subject: classTitle(label, task: task),
                detail:
                    "\(counted(ofAllSplits[ExactText(label)] ?? 0, "row")); it looks like `\(likely)`, "
                    + "which has \(ofAllSplits[ExactText(likely)] ?? 0)")
        }
    }
}

private func conflicts(_ manifest: Manifest) -> [LabelFinding] {
    manifest.rejectedRows.filter { $0.reason == "conflicting-labels" }.map { row in
        LabelFinding(
            kind: "conflicting-labels", subject: manifest.video(of: row), detail: row.detail)
    }
}

private func leaks(_ plan: DatasetPlan) -> [LabelFinding] {
    plan.straddling.map { source in
        LabelFinding(
            kind: "leaking-source", subject: source,
            detail: "the manifest puts its rows into several splits, so scores may be too good")
    }
}

private func emptySplits(_ tally: LabelTally, _ fractions: SplitFractions) -> [LabelFinding] {
    guard !tally.tasks.isEmpty else { return [] }
    return Split.allCases.compactMap { split in
        let isEmpty = tally.tasks.allSatisfy { $0.counts[split] == nil }
        guard isEmpty, split == .train || fractions[split] > 0 else { return nil }
        return LabelFinding(kind: "empty-split", subject: split.rawValue, detail: "no row is in it")
    }
}

private func untrained(_ tally: LabelTally) -> [LabelFinding] {
    tally.tasks.flatMap { task, counts in
        let trained = counts[.train] ?? [:]
        return [Split.validation, .test].flatMap { split in
            (counts[split] ?? [:]).keys.sorted().filter { trained[$0] == nil }.map { label in
                LabelFinding(
                    kind: "label-not-trained", subject: classTitle(label.text, task: task),
                    detail: "rows in \(split), but none in train")
            }
        }
    }
}

private func imbalances(_ tally: LabelTally) -> [LabelFinding] {
    tally.tasks.compactMap { task, counts in
        let sorted = (counts[.train] ?? [:]).sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        guard let most = sorted.first, let least = sorted.last, most.value > 10 * least.value
        else { return nil }
        return LabelFinding(
            kind: "label-imbalance", subject: classTitle(most.key.text, task: task),
            detail: "\(counted(most.value, "row")) in train, `\(least.key.text)` has \(least.value)"
        )
    }
}
