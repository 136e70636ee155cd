import Files
import Foundation
import Recipes

/// The answer sets of a manifest's tasks, with fast lookup of a label's class.
///
/// Classes are also numbered consecutively over all tasks, one task after the other.
struct AnswerSets {
    /// Sorted by the bytes of their tasks' names.
    let sets: [AnswerSet]
    /// The number of each set's first class.
    private let starts: [Int]
    private let numbers: [ExactText: [ExactText: Int32]]

    /// The distinct labels of each task.
    init(labelsOf rows: [ManifestRow]) {
        var labels: [ExactText: Set<ExactText>] = [:]
        for row in rows { labels[ExactText(row.task), default: []].insert(ExactText(row.label)) }
        self.init(
            labels.map { AnswerSet(task: $0.text, classes: sortedAsClasses($1.map(\.text))) })
    }

    /// The same classes for every task.
    init(classes: [String], tasksOf rows: [ManifestRow]) {
        let tasks = distinctSortedByBytes(rows.lazy.map(\.task))
        self.init(tasks.map { AnswerSet(task: $0, classes: classes) })
    }

    /// Takes known sets; of a repeated task or class the first one counts.
    init(_ sets: [AnswerSet]) {
        self.sets = sets.sorted { ExactText($0.task) < ExactText($1.task) }
        var starts: [Int] = []
        var numbers: [ExactText: [ExactText: Int32]] = [:]
        var count = 0
        for set in self.sets {
            let pairs = set.classes.enumerated().map { (ExactText($1), Int32(count + $0)) }
            if numbers[ExactText(set.task)] == nil {
                numbers[ExactText(set.task)] = Dictionary(pairs) { first, _ in first }
            }
            starts.append(count)
            count += set.classes.count
        }
        self.starts = starts
        self.numbers = numbers
    }

    /// How many classes all sets have.
    var count: Int { (starts.last ?? 0) + (sets.last?.classes.count ?? 0) }

    /// The number of the class of each row; -1 if its label or task is not known.
    func numbers(of rows: [ManifestRow]) -> [Int32] {
        // Neighbouring rows often have one task.
        var last = (task: "", numbers: numbers[ExactText("")])
        return rows.map { row in
            let task = row.task
            if !haveSameBytes(task, last.task) { last = (task, numbers[ExactText(task)]) }
            return last.numbers?[ExactText(row.label)] ?? -1
        }
    }

    /// The set that class `number` belongs to, and its index there.
    func place(of number: Int32) -> (set: AnswerSet, index: Int) {
        // The last set that starts at or before the number; sets may be empty.
        var (low, high) = (0, starts.count)
        while high - low > 1 {
            let middle = (low + high) / 2
            if starts[middle] <= Int(number) { low = middle } else { high = middle }
        }
        return (sets[low], Int(number) - starts[low])
    }

    /// All classes in the order of their tasks and labels by scalars.
    var inOrderOfNames: [Int32] {
        zip(sets, starts).flatMap { set, start in
            set.classes.indices.sorted { ExactText(set.classes[$0]) < ExactText(set.classes[$1]) }
                .map { Int32(start + $0) }
        }
    }

    /// Display name of class `number`: its label, after its task's name unless that is the default.
    func title(of number: Int32) -> String {
        let (set, index) = place(of: number)
        return classTitle(set.classes[index], task: set.task)
    }
}

/// Display name of a class: its label, after its task's name unless that is the default.
func classTitle(_ label: String, task: String) -> String {
    haveSameBytes(task, Question.defaultTask) ? label : "\(task): \(label)"
}

/// Labels in the order of their class indices: as numbers if all are integers, numbers that are
/// equal and all other labels by their Unicode scalars.
func sortedAsClasses(_ labels: [String]) -> [String] {
    let sorted = sortedByBytes(labels)
    let numbers = sorted.compactMap { Int($0) }
    guard numbers.count == sorted.count else { return sorted }
    return zip(numbers, sorted.indices).sorted { $0 < $1 }.map { sorted[$0.1] }
}

/// The lines of the file at `path`, one class a line.
///
/// Leading and trailing blanks are not part of the name; empty lines are skipped.
/// - Throws: `ManifestError.invalidClassList`.
public func classList(path: String) throws(ManifestError) -> [String] {
    let bytes: [UInt8]
    do throws(FileError) {
        bytes = try readFile(path)
    } catch {
        throw .invalidClassList(path: path, reason: ManifestError.reason(of: error))
    }
    let content = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes[...]
    guard let text = String(validating: content, as: UTF8.self) else {
        throw .invalidClassList(path: path, reason: "it is not UTF-8 text")
    }
    let names = text.unicodeScalars.split { $0 == "\n" || $0 == "\r" }
        .map { String($0).trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
    guard !names.isEmpty else {
        throw .invalidClassList(path: path, reason: "it names no class")
    }
    var seen: Set<ExactText> = []
    for name in names where !seen.insert(ExactText(name)).inserted {
        throw .invalidClassList(path: path, reason: "it names `\(name)` twice")
    }
    return names
}
