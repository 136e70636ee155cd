/// One manifest row as it is stored: a task, a prompt and a label about a clip.
public struct Question: Sendable, Codable, Equatable {
    /// The row's `id`; the clip's key where it has none.
    public let id: String
    /// Name of the set of possible answers.
    public let task: String
    /// The instruction; empty if the row has none.
    public let prompt: String
    /// The right answer.
    public let label: String
    /// Its index among the answers of the task.
    public let classIndex: Int
    /// Which part of the dataset the question belongs to.
    public let split: Split
    /// The manifest's other columns, empty fields included.
    public let extra: [String: String]

    private enum CodingKeys: String, CodingKey {
        case id, task, prompt, label, classIndex = "class", split, extra
    }

    /// The task of rows that name none.
    public static let defaultTask = "default"

    /// Creates the question from its parts.
    public init(
        id: String, task: String, prompt: String, label: String, classIndex: Int, split: Split,
        extra: [String: String]
    ) {
        self.id = id
        self.task = task
        self.prompt = prompt
        self.label = label
        self.classIndex = classIndex
        self.split = split
        self.extra = extra
    }
}

/// Questions that share a set of possible answers.
public struct AnswerSet: Sendable, Codable, Equatable {
    /// Name of the task.
    public let task: String
    /// The possible answers in the order of their indices.
    public let classes: [String]

    /// Creates the set from its parts.
    public init(task: String, classes: [String]) {
        self.task = task
        self.classes = classes
    }
}
