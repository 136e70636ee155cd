/// The wordings in which the questions of some tasks are asked, whatever prompts their rows have.
public struct PromptWordings: Sendable, Codable, Equatable {
    /// What an evaluation asks.
    public enum Evaluated: String, Sendable, Codable, CaseIterable {
        /// The first wording that is trained on.
        case first
        /// All that are trained on; their probabilities are averaged.
        case all
    }

    /// Wordings under one name.
    public struct List: Sendable, Codable, Equatable {
        /// What the list is called.
        public let name: String
        /// The wordings.
        public let prompts: [String]

        /// Creates the list from its parts.
        public init(name: String, prompts: [String]) {
            self.name = name
            self.prompts = prompts
        }
    }

    /// The wordings of a task.
    public struct Task: Sendable, Codable, Equatable {
        /// Name of the task.
        public let task: String
        /// Those that are trained on.
        public let training: [String]
        /// Those that are never trained on, only evaluated.
        public let heldOut: [List]

        /// Creates the wordings of a task from their parts.
        public init(task: String, training: [String], heldOut: [List] = []) {
            self.task = task
            self.training = training
            self.heldOut = heldOut
        }
    }

    /// The tasks that have wordings.
    public let tasks: [Task]
    /// What an evaluation asks.
    public var evaluated: Evaluated

    /// Wordings of a task at most, of all its lists.
    static let maximum = 1000

    /// Creates the wordings from their parts; `problem` says whether they can be used.
    public init(_ tasks: [Task], evaluated: Evaluated = .first) {
        self.tasks = tasks
        self.evaluated = evaluated
    }

    /// The wordings of the task called `name`, compared byte by byte.
    public func task(named name: String) -> Task? {
        tasks.first { $0.task.utf8.elementsEqual(name.utf8) }
    }

    /// The wordings of all tasks and lists.
    public var prompts: [String] {
        tasks.flatMap { $0.training + $0.heldOut.flatMap(\.prompts) }
    }

    /// Those that an evaluation asks.
    var toEvaluate: PromptWordings {
        guard evaluated == .first else { return self }
        return PromptWordings(
            tasks.map { Task(task: $0.task, training: Array($0.training.prefix(1))) })
    }

    /// Why they cannot be used with tasks of these names; `nil` if they can.
    public func problem(tasks names: [String]) -> String? {
        if tasks.isEmpty { return "it names no task" }
        for task in tasks {
            guard names.contains(where: { $0.utf8.elementsEqual(task.task.utf8) }) else {
                return "there is no task `\(task.task)`; the tasks are "
                    + names.joined(separator: ", ")
            }
            if let problem = Self.problem(in: task) { return problem }
        }
        var trained: [String: String] = [:]
        for task in tasks {
            for prompt in task.training { trained[Self.normalized(prompt)] = task.task }
        }
        for task in tasks {
            for prompt in task.heldOut.flatMap(\.prompts) {
                guard let other = trained[Self.normalized(prompt)] else { continue }
                return "`\(prompt)` is held out of the task `\(task.task)`, but trained on in "
                    + "`\(other)`; keep it in one of the lists"
            }
        }
        return nil
    }

    private static func problem(in task: Task) -> String? {
        if task.training.isEmpty {
            return "the task `\(task.task)` has no wordings to train on; list them under `train`"
        }
        let lists = [List(name: "train", prompts: task.training)] + task.heldOut
        if lists.reduce(0, { $0 + $1.prompts.count }) > maximum {
            return "the task `\(task.task)` has more than \(maximum) wordings"
        }
        var known: Set<String> = []
        for list in lists {
            let place = "the list `\(list.name)` of the task `\(task.task)`"
            if list.prompts.isEmpty { return "\(place) is empty; fill it or leave it out" }
            for prompt in list.prompts {
                let normalized = normalized(prompt)
                if normalized.isEmpty { return "\(place) has an empty wording" }
                guard known.insert(normalized).inserted else {
                    return "`\(prompt)` stands twice in the task `\(task.task)`; keep one of them"
                }
            }
        }
        return nil
    }

    /// Wordings that differ in case or white space alone are the same to the tokenizer.
    private static func normalized(_ prompt: String) -> String {
        prompt.lowercased().split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
}

extension TrainOptions {
    /// What a question of the task called `name` is asked if it has no prompt of its own: the first
    /// wording of the task, else `prompt`.
    public func prompt(ofTask name: String) -> String {
        wordings?.task(named: name)?.training.first ?? prompt
    }
}
