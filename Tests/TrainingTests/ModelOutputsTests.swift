import Recipes
import Testing

@testable import Training

struct ModelOutputsTests {
    private let outputs = ModelOutputs([
        AnswerSet(task: "color", classes: ["red", "blue"]),
        AnswerSet(task: "empty", classes: []),
        AnswerSet(task: "size", classes: ["big", "red", "small"]),
    ])

    @Test func countsTheClassesOfAllTasks() {
        #expect(outputs.count == 5)
        #expect((0..<3).map(outputs.range(of:)) == [0..<2, 2..<2, 2..<5])
        #expect((0..<5).map(outputs.task(of:)) == [0, 0, 2, 2, 2])
    }

    @Test func goesFromAnAnswerToItsOutputAndBack() {
        for task in outputs.tasks.indices {
            for index in outputs.tasks[task].classes.indices {
                let output = outputs.output(index, of: task)
                #expect(outputs.task(of: output) == task)
                #expect(output - outputs.range(of: task).lowerBound == index)
            }
        }
        #expect(outputs.task(named: "size") == 2)
        #expect(outputs.task(named: "taste") == nil)
    }

    /// One name composed, the other with a combining accent: different bytes, so different tasks.
    @Test func tellsTasksApartByTheirBytes() {
        let names = ["caf\u{E9}", "cafe\u{301}"]
        let outputs = ModelOutputs(names.map { AnswerSet(task: $0, classes: ["a"]) })
        #expect(names.map(outputs.task(named:)) == [0, 1])
    }

    @Test func namesOutputsByTaskWhereThereAreSeveral() {
        #expect(
            outputs.names == ["color: red", "color: blue", "size: big", "size: red", "size: small"])
        #expect(Training.ModelOutputs([outputs.tasks[0]]).names == ["red", "blue"])
        #expect(outputs.outputs(called: "red") == [0, 3])
        #expect(outputs.outputs(called: "size: red") == [3])
        #expect(outputs.outputs(called: "green") == [])
    }

    @Test func takesTheLogitsOfATaskFromARow() {
        let rows: [Float] = [9, 9, 9, 9, 9, 0, 1, 2, 3, 4]
        #expect(outputs.logits(rows[5...], ofTask: 0) == [0, 1])
        #expect(outputs.logits(rows[5...], ofTask: 2) == [2, 3, 4])
    }
}
