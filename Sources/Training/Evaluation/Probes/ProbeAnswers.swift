import Recipes

/// The answers to questions that were asked again.
struct ProbeAnswers {
    private struct Answer {
        let row: ProbePlan.Row
        let before: AnsweredQuestion
        let after: AnsweredQuestion
        /// What the question is asked as it is.
        let prompt: String
    }

    private let outputs: ModelOutputs
    private let readsText: Bool
    private var asTheyAre: [Int: (prompt: String, answer: AnsweredQuestion)] = [:]
    private var answers: [Answer] = []
    /// With more prompts of a task than this, no prompt has figures of its own.
    private static let maximumPrompts = 50

    init(outputs: ModelOutputs, readsText: Bool) {
        self.outputs = outputs
        self.readsText = readsText
    }

    /// Adds the answers to `rows`, of which that to a question as it is comes first.
    mutating func add(_ rows: [ProbePlan.Row], _ found: [AnsweredQuestion]) {
        for (row, answer) in zip(rows, found) {
            if row.purpose == .asItIs { asTheyAre[row.question] = (row.prompt, answer) }
            guard let (prompt, before) = asTheyAre[row.question] else { continue }
            answers.append(Answer(row: row, before: before, after: answer, prompt: prompt))
        }
    }

    /// What they say about `task`, which has `wordings`; `nil` if none of its questions was asked.
    func probes(of task: AnswerSet, _ wordings: PromptWordings.Task?) -> TaskProbes? {
        guard let number = outputs.task(named: task.task) else { return nil }
        let byPurpose = Dictionary(grouping: answers.filter { $0.after.task == number }) {
            $0.row.purpose
        }
        guard let asTheyAre = byPurpose[.asItIs] else { return nil }
        let range = outputs.range(of: number)
        let probes = TaskProbes.Change.allCases.compactMap { change in
            byPurpose[.change(change)].map {
                TaskProbes.Probe(
                    change: change, figures: figures($0, range),
                    prompts: prompts($0, range, by: \.prompt))
            }
        }
        var lists: [TaskProbes.Wordings] = []
        if let wordings {
            lists.append(list(TaskProbes.trainedName, asTheyAre, range))
            for (number, held) in wordings.heldOut.enumerated() {
                guard let answers = byPurpose[.heldOut(list: number)] else { continue }
                lists.append(list(held.name, answers, range))
            }
        }
        return TaskProbes(asTheyAre: figures(asTheyAre, range), probes: probes, wordings: lists)
    }

    private func list(
        _ name: String, _ answers: [Answer], _ range: Range<Int>
    ) -> TaskProbes.Wordings {
        TaskProbes.Wordings(
            name: name, figures: figures(answers, range),
            prompts: prompts(answers, range, by: \.row.prompt, isList: true))
    }

    private func figures(_ answers: [Answer], _ range: Range<Int>) -> TaskProbes.Figures {
        TaskProbes.Figures(
            answers.map { ($0.before, $0.after) }, outputs: range,
            isOnlyTask: outputs.tasks.count == 1)
    }

    /// The figures of each prompt in the order of its first answer.
    ///
    /// Empty if there is one prompt or too many, except that a list of wordings is always shown.
    private func prompts(
        _ answers: [Answer], _ range: Range<Int>, by prompt: KeyPath<Answer, String>,
        isList: Bool = false
    ) -> [TaskProbes.Prompt] {
        guard readsText else { return [] }
        var order: [String] = []
        var groups: [String: [Answer]] = [:]
        for answer in answers {
            let prompt = answer[keyPath: prompt]
            if groups[prompt] == nil { order.append(prompt) }
            groups[prompt, default: []].append(answer)
        }
        guard isList || 2...Self.maximumPrompts ~= order.count else { return [] }
        return order.map {
            TaskProbes.Prompt(prompt: $0, figures: figures(groups[$0] ?? [], range))
        }
    }
}
