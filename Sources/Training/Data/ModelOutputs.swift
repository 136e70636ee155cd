public import Recipes

/// Which output of the classification head stands for which answer.
///
/// The outputs are the classes of all tasks, one task after the other.
public struct ModelOutputs: Sendable, Equatable {
    /// The tasks in the order of their outputs.
    public let tasks: [AnswerSet]
    /// The first output of each task, then the number of all outputs.
    private let bounds: [Int]
    /// The task of each output.
    private let owners: [Int]
    /// Tasks by the bytes of their names: `String` treats composed and decomposed letters as equal.
    private let numbers: [[UInt8]: Int]

    /// Gives an output to each class of `tasks`.
    public init(_ tasks: [AnswerSet]) {
        self.tasks = tasks
        var bounds = [0]
        var owners: [Int] = []
        for (number, task) in tasks.enumerated() {
            owners += Array(repeating: number, count: task.classes.count)
            bounds.append(owners.count)
        }
        self.bounds = bounds
        self.owners = owners
        numbers = Dictionary(tasks.enumerated().map { (Array($1.task.utf8), $0) }) { first, _ in
            first
        }
    }

    /// Number of outputs, the width of the logits.
    public var count: Int { owners.count }

    /// The number of the task called `name`; `nil` if there is none.
    public func task(named name: String) -> Int? { numbers[Array(name.utf8)] }

    /// The task whose answers `output` belongs to.
    public func task(of output: Int) -> Int { owners[output] }

    /// The outputs of task number `task`, in the order of its classes.
    public func range(of task: Int) -> Range<Int> { bounds[task]..<bounds[task + 1] }

    /// The output of class `classIndex` of task number `task`.
    /// - Precondition: The task has that class.
    public func output(_ classIndex: Int, of task: Int) -> Int {
        let output = bounds[task] + classIndex
        precondition(range(of: task).contains(output), "class \(classIndex) of task \(task)")
        return output
    }

    /// Of the logits of one row, one for each output, those of task number `task`.
    public func logits(_ row: ArraySlice<Float>, ofTask task: Int) -> ArraySlice<Float> {
        let range = range(of: task)
        return row[row.startIndex + range.lowerBound..<row.startIndex + range.upperBound]
    }

    /// What each output is called: the label if there is one task, else `task: label`.
    public var names: [String] {
        tasks.flatMap { task in task.classes.map { name($0, of: task) } }
    }

    private func name(_ label: String, of task: AnswerSet) -> String {
        tasks.count == 1 ? label : "\(task.task): \(label)"
    }

    /// The outputs that `name` may mean: a label, whatever its task, or one of `names`.
    func outputs(called name: String) -> [Int] {
        let labels = tasks.flatMap(\.classes)
        return zip(labels, names).enumerated().filter { $1.0 == name || $1.1 == name }.map(\.0)
    }
}
