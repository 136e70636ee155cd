public import ArgumentParser
import Files
import Recipes
import Shards
public import Training
import Yams

/// How the questions of tasks are worded; what is not given comes from the YAML file of options.
struct PromptArguments: ParsableArguments {
    @Option(
        help: """
            YAML file with wordings that replace the prompts of the rows: for each task a list, or several \
            named lists, of which `train` is trained on and the others are only evaluated. \
            The seed draws a wording for each question and epoch (default: rows keep their prompts).
            """)
    var prompts: String?

    @Option(
        help: """
            With --prompts. first: evaluations ask the first wording to train on; all: each of them, and the \
            probabilities are averaged (default: first).
            """)
    var evalPrompts: PromptWordings.Evaluated?

    /// The wordings; `nil` without `--prompts`.
    /// - Throws: `TrainingError.invalidPrompts`, `FileError`, `ValidationError`.
    func resolved(with file: OptionsFile) throws -> PromptWordings? {
        let path = try prompts ?? file.string("prompts")
        let filed = try file.value("eval-prompts", PromptWordings.Evaluated.init(rawValue:))
        let evaluated = evalPrompts ?? filed
        guard let path else {
            guard evaluated == nil else {
                throw ValidationError("--eval-prompts needs --prompts FILE.yaml.")
            }
            return nil
        }
        return try PromptWordings(yaml: path, evaluated: evaluated ?? .first)
    }
}

extension PromptWordings.Evaluated: ExpressibleByArgument {}

extension PromptWordings {
    /// Reads the wordings in the YAML file at `path`.
    /// - Throws: `TrainingError.invalidPrompts`, `FileError`.
    init(yaml path: String, evaluated: Evaluated) throws {
        func fail(_ reason: String) -> TrainingError { .invalidPrompts(path: path, reason: reason) }
        guard let text = String(validating: try readFile(path, maximumSize: 1 << 20), as: UTF8.self)
        else { throw fail("it is not UTF-8 text") }
        let node: Node?
        do {
            node = try Yams.compose(yaml: text)
        } catch {
            let lines = "\(error)".split(separator: "\n")
            throw fail("it is not YAML (\(lines.first ?? ""))")
        }
        guard case .mapping(let tasks)? = node else { throw fail("it is not a mapping of tasks") }
        self.init(
            try tasks.map { key, value throws -> Task in
                guard let task = key.string else { throw fail("a task's name is no text") }
                guard case .mapping(let lists) = value else {
                    return Task(task: task, training: try Self.prompts(value, of: task, fail))
                }
                var (training, heldOut): ([String], [List]) = ([], [])
                for (key, value) in lists {
                    guard let name = key.string else { throw fail("a list's name is no text") }
                    let prompts = try Self.prompts(value, of: task, fail)
                    if name == TaskProbes.trainedName {
                        training = prompts
                    } else {
                        heldOut.append(List(name: name, prompts: prompts))
                    }
                }
                return Task(task: task, training: training, heldOut: heldOut)
            }, evaluated: evaluated)
        if let problem = problem(tasks: tasks.compactMap(\.key.string)) { throw fail(problem) }
    }

    /// The wordings of a list, or the only one.
    private static func prompts(
        _ node: Node, of task: String, _ fail: (String) -> TrainingError
    ) throws(TrainingError) -> [String] {
        switch node {
        case .scalar(let scalar): return scalar.string.isEmpty ? [] : [scalar.string]
        case .sequence(let sequence):
            return try sequence.map { (node) throws(TrainingError) -> String in
                guard let prompt = node.string else {
                    let line = node.mark.map { " in line \($0.line)" } ?? ""
                    throw fail("a wording of the task `\(task)`\(line) is no text; quote it")
                }
                return prompt
            }
        default: throw fail("the task `\(task)` has no list of wordings")
        }
    }

    /// Checks that `dataset` has the tasks, before anything costly.
    /// - Throws: `TrainingError.invalidPrompts`, `.invalidOption` if prompts are to be ignored.
    func requireFit(of dataset: Dataset, ignoresPrompts: Bool) throws(TrainingError) {
        if ignoresPrompts {
            throw .invalidOption(name: "--ignore-prompts", wanted: "left out with --prompts")
        }
        if let problem = problem(tasks: dataset.description.tasks.map(\.task)) {
            throw .invalidPrompts(path: "The file of --prompts", reason: problem)
        }
    }

    /// Says for each task how many of the `questions` have prompts that are replaced.
    func replacements(in questions: ShardDataset, _ outputs: ModelOutputs) -> [String] {
        tasks.compactMap { task in
            guard let number = outputs.task(named: task.task) else { return nil }
            let range = outputs.range(of: number)
            let count = zip(questions.labels, questions.prompts).count {
                range.contains($0) && !$1.isEmpty
            }
            guard count > 0 else { return nil }
            return "--prompts replaces the prompts of \(counted(count, "row")) "
                + "of the task `\(task.task)`."
        }
    }
}
