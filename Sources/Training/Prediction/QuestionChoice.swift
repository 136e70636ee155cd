public import Manifests
import Recipes

/// A question as it is asked: the task whose answers are possible, and what the Q-Former reads.
public struct AskedQuestion: Sendable, Equatable {
    /// Name of the task.
    public let task: String
    /// The prompt; empty if the Q-Former reads none.
    public let prompt: String

    /// Creates the question from its parts.
    public init(task: String, prompt: String) {
        self.task = task
        self.prompt = prompt
    }
}

/// What a run is asked about clips.
public struct QuestionChoice: Sendable {
    private let outputs: ModelOutputs
    private let reading: ClipReading
    private let wordings: PromptWordings?
    /// What is asked of every clip that has no questions of its own.
    let usual: [AskedQuestion]
    /// Whether a manifest's questions are left out, since the user said what to ask.
    let replacesOwnQuestions: Bool

    /// Decides what is asked of clips that have no questions of their own.
    /// - Parameters:
    ///   - outputs: The answers that the run's model can give.
    ///   - reading: How it reads prompts.
    ///   - wordings: Of which a question without prompt is asked the first of its task.
    ///   - tasks: The tasks that answer questions without one; all of the run's if empty.
    ///   - listed: What to ask; the run's own prompt if empty.
    /// - Throws: `TrainingError.unknownTask` if the run lacks one of the tasks.
    public init(
        outputs: ModelOutputs, reading: ClipReading, wordings: PromptWordings? = nil,
        tasks: [String] = [], listed: [ListedQuestion] = []
    ) throws(TrainingError) {
        self.outputs = outputs
        self.reading = reading
        self.wordings = wordings
        replacesOwnQuestions = !tasks.isEmpty || !listed.isEmpty
        let tasks = tasks.isEmpty ? outputs.tasks.map(\.task) : tasks
        var usual: [AskedQuestion] = []
        for question in listed.isEmpty ? [ListedQuestion(task: nil, prompt: "")] : listed {
            for task in question.task.map({ [$0] }) ?? tasks {
                let asked = try Self.question(task, question.prompt, outputs, reading, wordings)
                if !usual.contains(where: { $0.hasSameBytes(as: asked) }) { usual.append(asked) }
            }
        }
        self.usual = usual
    }

    /// What a manifest's row asks; a row without a task is answered by every task.
    /// - Throws: `TrainingError.unknownTask`.
    func questions(task: String?, prompt: String) throws(TrainingError) -> [AskedQuestion] {
        let names = task.map { [$0] } ?? outputs.tasks.map(\.task)
        return try names.map { name throws(TrainingError) in
            try Self.question(name, prompt, outputs, reading, wordings)
        }
    }

    /// Whether the run has a task called `name`.
    func hasTask(_ name: String) -> Bool { outputs.task(named: name) != nil }

    private static func question(
        _ task: String, _ prompt: String, _ outputs: ModelOutputs, _ reading: ClipReading,
        _ wordings: PromptWordings?
    ) throws(TrainingError) -> AskedQuestion {
        guard outputs.task(named: task) != nil else {
            throw .unknownTask(name: task, known: outputs.tasks.map(\.task))
        }
        guard reading.readsText else { return AskedQuestion(task: task, prompt: "") }
        let usual = wordings?.task(named: task)?.training.first ?? reading.defaultPrompt
        return AskedQuestion(task: task, prompt: prompt.isEmpty ? usual : prompt)
    }
}

extension AskedQuestion {
    /// Whether both are spelled alike; `==` treats composed and decomposed letters as equal.
    func hasSameBytes(as other: AskedQuestion) -> Bool {
        task.utf8.elementsEqual(other.task.utf8) && prompt.utf8.elementsEqual(other.prompt.utf8)
    }
}
