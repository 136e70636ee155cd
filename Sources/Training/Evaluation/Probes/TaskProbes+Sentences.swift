import Files
import Foundation

extension TaskProbes {
    /// What came out, a sentence each, of a task that was evaluated on `total` questions, in the
    /// wordings `evaluated` if it has some.
    public func sentences(
        of total: Int, evaluated: PromptWordings.Evaluated? = nil
    ) -> [String] {
        let sample = asTheyAre.questions
        let asked =
            sample < total ? "\(sample) of \(total) questions, drawn by the seed" : "All questions"
        let heading =
            "\(asked), asked again\(difference(from: evaluated)): as they are, "
            + "\(percent(asTheyAre.accuracy)) are right."
        let sentences = wordings.dropFirst().map(sentence) + probes.map(sentence)
        return sentences.isEmpty ? [] : [heading] + sentences
    }

    /// In what the questions as they are differ from those of the evaluation.
    private func difference(from evaluated: PromptWordings.Evaluated?) -> String {
        guard let evaluated, let count = wordings.first?.prompts.count, count > 1 else { return "" }
        return ", each in one of the \(count) wordings trained on (the accuracy above is that of "
            + (evaluated == .first ? "the first wording" : "their mean probabilities") + ")"
    }

    private func sentence(_ list: Wordings) -> String {
        "In the wordings “\(list.name)”, which were not trained on: "
            + "\(percent(list.figures.accuracyAmongAll)) right, "
            + "\(percent(asTheyAre.accuracyAmongAll)) in trained ones\(amongAll)."
    }

    private func sentence(_ probe: Probe) -> String {
        let (found, before) = (probe.figures, asTheyAre)
        func right(_ accuracy: (Figures) -> Double) -> String {
            "\(percent(accuracy(found))) right instead of \(percent(accuracy(before)))"
        }
        switch probe.change {
        case .reversed where found.unchanged == 1:
            return "Reversing time changes nothing: the order of frames is not used."
        case .reversed:
            return "Reversed clips keep the answer in \(percent(found.unchanged)) of cases: "
                + "the order of frames \(Self.weight(ofUnchanged: found.unchanged))."
        case .shuffled:
            return "Shuffled frames: \(right(\.accuracy)); "
                + "\(percent(found.unchanged)) of the answers stay."
        case .middleFrame:
            return "The middle frame in all places: \(right(\.accuracy)): "
                + (found.accuracy + 0.02 < before.accuracy
                    ? "one frame is not enough." : "one frame is enough.")
        case .noPrompt where found.unchangedAmongAll == 1:
            // Without a prompt, a model of several tasks answers the question of one of them.
            let other = probes.first { $0.change == .otherPrompt }?.figures.unchangedAmongAll ?? 1
            return other < 0.98
                ? "Without a prompt nothing changes: the model then answers this question."
                : "Without a prompt nothing changes: the prompt is not used."
        case .noPrompt:
            return "Without a prompt: \(right(\.accuracyAmongAll))\(amongAll); "
                + "\(percent(found.unchangedAmongAll)) of the answers stay."
        case .otherPrompt where found.unchangedAmongAll == 1:
            return "The prompt of another task changes nothing: what is asked is not used."
        case .otherPrompt:
            return "With the prompt of another task \(percent(found.unchangedAmongAll)) of the "
                + "answers stay, and \(percent(found.amongAllTasks?.ofTask ?? 0)) are answers of "
                + "this task: the prompt \(Self.weight(ofUnchanged: found.unchangedAmongAll))."
        }
    }

    /// In words, how much something counts whose exchange leaves that share of answers unchanged.
    public static func weight(ofUnchanged share: Double) -> String {
        switch share {
        case 0.98...: "hardly matters"
        case 0.9...: "matters a little"
        default: "is used"
        }
    }

    private var amongAll: String {
        asTheyAre.amongAllTasks == nil ? "" : " among the answers of all tasks"
    }
}

extension SplitMetrics {
    /// What the probes of the task say, a sentence each.
    public var probeSentences: [String] {
        probes?.sentences(of: questions, evaluated: evalPrompts) ?? []
    }
}
