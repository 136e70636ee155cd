import Recipes

/// Prompts of one task whose labels have nothing in common: they would be better off as tasks.
///
/// Without a column `task` all labels are one set of answers. Prompts that share a label, directly
/// or through others, belong together; there is something to say if two such sets are asked about
/// one clip, or if at least two have several labels each.
func mergedTasks(manifest: Manifest, plan: DatasetPlan) -> [LabelFinding] {
    guard !manifest.columns.contains(where: { $0.lowercased() == "task" }) else { return [] }
    let sets = PromptSets(manifest: manifest, plan: plan)
    guard sets.count > 1 else { return [] }
    let meet = plan.clips.contains { clip in
        Set(plan.rows(of: clip).map { sets.set(of: manifest.rows[Int($0)]) }).count > 1
    }
    let large = sets.examples.filter { $0.numLabels > 1 }
    guard meet || large.count > 1 else { return [] }
    let examples = sets.examples.prefix(3).map { "`\($0.prompt)` has `\($0.label)`" }
    return [
        LabelFinding(
            kind: "merged-tasks", subject: sets.examples[0].prompt,
            detail: "prompts fall into \(sets.count) sets that share no label "
                + "(\(examples.joined(separator: ", "))); "
                + "add a column `task` so that each has its own answers")
    ]
}

/// Prompts that are connected by common labels.
private struct PromptSets {
    /// One prompt and label of each set, in the order of the manifest.
    private(set) var examples: [(prompt: String, label: String, numLabels: Int)] = []
    private var setOfPrompt: [ExactText: Int] = [:]

    var count: Int { examples.count }

    init(manifest: Manifest, plan: DatasetPlan) {
        var labelsOfPrompt: [ExactText: Set<ExactText>] = [:]
        var promptsOfLabel: [ExactText: Set<ExactText>] = [:]
        var order: [ExactText] = []
        for (index, row) in manifest.rows.enumerated() where plan.isPlanned(index) {
            let (prompt, label) = (ExactText(row.prompt), ExactText(row.label))
            if labelsOfPrompt[prompt] == nil { order.append(prompt) }
            if labelsOfPrompt[prompt, default: []].insert(label).inserted {
                promptsOfLabel[label, default: []].insert(prompt)
            }
        }
        for prompt in order where setOfPrompt[prompt] == nil {
            var labels: Set<ExactText> = []
            var waiting = [prompt]
            setOfPrompt[prompt] = examples.count
            while let next = waiting.popLast() {
                for label in labelsOfPrompt[next] ?? [] where labels.insert(label).inserted {
                    for other in promptsOfLabel[label] ?? [] where setOfPrompt[other] == nil {
                        setOfPrompt[other] = examples.count
                        waiting.append(other)
                    }
                }
            }
            examples.append((prompt.text, labels.min()?.text ?? "", labels.count))
        }
    }

    func set(of row: ManifestRow) -> Int { setOfPrompt[ExactText(row.prompt)] ?? 0 }
}
