/// What becomes of the answers to a task's questions when they are asked again in other ways.
///
/// A sample of the questions is asked, each in one of the wordings that were trained on, if the
/// task has some.
public struct TaskProbes: Sendable, Codable, Equatable {
    /// What is exchanged, frames with their times in place or the prompt.
    public enum Change: String, Sendable, Codable, CaseIterable {
        /// The last frame comes first.
        case reversed
        /// The frames come in another order, drawn for each clip.
        case shuffled
        /// The middle frame stands in all places.
        case middleFrame = "middle_frame"
        /// The prompt is empty.
        case noPrompt = "no_prompt"
        /// The prompt is one of another task.
        case otherPrompt = "other_prompt"

        /// Those of frames.
        static let ofFrames = [reversed, shuffled, middleFrame]
    }

    /// Shares of some questions.
    public struct Figures: Sendable, Codable, Equatable {
        /// How many were asked, once for each wording.
        public let questions: Int
        /// Share whose best answer among those of the task is right.
        public let accuracy: Double
        /// Share whose best answer among those of the task is that to the question as it is.
        public let unchanged: Double
        /// The same among the answers of all tasks; `nil` if there is one task.
        public let amongAllTasks: AmongAllTasks?
    }

    /// Shares of questions by their best answer among those of all tasks.
    public struct AmongAllTasks: Sendable, Codable, Equatable {
        /// Share that is right.
        public let accuracy: Double
        /// Share that is the answer to the question as it is.
        public let unchanged: Double
        /// Share that is an answer of the task.
        public let ofTask: Double
    }

    /// The figures of one prompt.
    public struct Prompt: Sendable, Codable, Equatable {
        /// The prompt.
        public let prompt: String
        /// What came out.
        public let figures: Figures
    }

    /// One change.
    public struct Probe: Sendable, Codable, Equatable {
        /// What is exchanged.
        public let change: Change
        /// What came out.
        public let figures: Figures
        /// The same for each prompt of the unchanged questions, if there are several but not many.
        public let prompts: [Prompt]
    }

    /// A list of wordings.
    public struct Wordings: Sendable, Codable, Equatable {
        /// Its name; `train` is trained on, the others are not.
        public let name: String
        /// What came out.
        public let figures: Figures
        /// The same for each wording.
        public let prompts: [Prompt]
    }

    /// The questions as they are.
    public let asTheyAre: Figures
    /// The changes that were tried.
    public let probes: [Probe]
    /// The lists of wordings, that to train on first; empty if the task has none.
    public let wordings: [Wordings]

    /// The list of wordings that is trained on.
    public static let trainedName = "train"

    /// What `change` did; `nil` if it was not tried.
    public func probe(_ change: Change) -> Probe? { probes.first { $0.change == change } }

    /// Whether its numbers are plausible.
    var isPlausible: Bool {
        let prompts = probes.flatMap(\.prompts) + wordings.flatMap(\.prompts)
        let figures = probes.map(\.figures) + wordings.map(\.figures) + prompts.map(\.figures)
        return asTheyAre.isPlausible && figures.allSatisfy(\.isPlausible)
    }
}

extension TaskProbes.Figures {
    /// Accuracy among the answers of all tasks, which a model without a prompt cannot guess.
    public var accuracyAmongAll: Double { amongAllTasks?.accuracy ?? accuracy }

    /// Share of unchanged answers among those of all tasks.
    public var unchangedAmongAll: Double { amongAllTasks?.unchanged ?? unchanged }

    fileprivate var isPlausible: Bool {
        var shares = [accuracy, unchanged]
        if let amongAllTasks {
            shares += [amongAllTasks.accuracy, amongAllTasks.unchanged, amongAllTasks.ofTask]
        }
        return questions > 0 && shares.allSatisfy { 0...1 ~= $0 }
    }

    /// - Parameters:
    ///   - pairs: Questions as they are and as they were asked again, at least one.
    ///   - outputs: Those of the task.
    ///   - isOnlyTask: Whether there is no other task.
    init(
        _ pairs: [(before: AnsweredQuestion, after: AnsweredQuestion)], outputs: Range<Int>,
        isOnlyTask: Bool
    ) {
        func share(_ holds: (AnsweredQuestion, AnsweredQuestion) -> Bool) -> Double {
            Double(pairs.count { holds($0.before, $0.after) }) / Double(pairs.count)
        }
        questions = pairs.count
        accuracy = share { $1.prediction == $1.label }
        unchanged = share { $0.prediction == $1.prediction }
        amongAllTasks =
            isOnlyTask
            ? nil
            : TaskProbes.AmongAllTasks(
                accuracy: share { $1.bestOutput == outputs.lowerBound + $1.label },
                unchanged: share { $0.bestOutput == $1.bestOutput },
                ofTask: share { outputs.contains($1.bestOutput) })
    }
}
