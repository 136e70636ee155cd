import Files
import Testing

@testable import Training

struct PromptWordingsTests {
    struct Problem: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let tasks: [PromptWordings.Task]
    }

    @Test(arguments: [
        Problem(testDescription: "names no task", tasks: []),
        Problem(
            testDescription: "no task `colour`; the tasks are color, size",
            tasks: [.init(task: "colour", training: ["a"])]),
        Problem(
            testDescription: "`color` has no wordings to train on; list them under `train`",
            tasks: [.init(task: "color", training: [])]),
        Problem(
            testDescription: "the list `near` of the task `color` is empty",
            tasks: [
                .init(task: "color", training: ["a"], heldOut: [.init(name: "near", prompts: [])])
            ]),
        Problem(
            testDescription: "the list `train` of the task `color` has an empty wording",
            tasks: [.init(task: "color", training: ["a", " "])]),
        Problem(
            testDescription: "`A  b` stands twice in the task `color`",
            tasks: [.init(task: "color", training: ["a b", "A  b"])]),
        Problem(
            testDescription: "`B` is held out of the task `color`, but trained on in `size`",
            tasks: [
                .init(
                    task: "color", training: ["a"], heldOut: [.init(name: "far", prompts: ["B"])]),
                .init(task: "size", training: ["b"]),
            ]),
        Problem(
            testDescription: "more than 1000 wordings",
            tasks: [.init(task: "color", training: (0...1000).map(String.init))]),
    ])
    func saysWhatCannotBeUsed(_ test: Problem) throws {
        let problem = PromptWordings(test.tasks).problem(tasks: ["color", "size"])
        #expect(problem?.contains(test.testDescription) == true, "\(problem ?? "none")")
    }

    private let wordings = PromptWordings([
        .init(
            task: "size", training: ["how big", "what size"],
            heldOut: [.init(name: "near", prompts: ["which size"])])
    ])

    @Test func acceptsWordingsOfKnownTasks() {
        #expect(wordings.problem(tasks: ["color", "size"]) == nil)
    }

    @Test func evaluatesTheFirstOrAllThatAreTrainedOn() {
        #expect(wordings.toEvaluate.tasks.map(\.training) == [["how big"]])
        var all = wordings
        all.evaluated = .all
        #expect(all.toEvaluate.tasks.map(\.training) == [["how big", "what size"]])
    }

    @Test func theFirstWordingIsWhatATaskIsAsked() {
        var options = TrainOptions()
        options.prompt = "What?"
        options.wordings = wordings
        #expect(options.prompt(ofTask: "size") == "how big")
        #expect(options.prompt(ofTask: "color") == "What?")
    }

    /// So a run cannot be resumed with others, and `evaluate` finds them.
    @Test func aRunRecordsThem() throws {
        var options = TrainOptions()
        options.wordings = PromptWordings([.init(task: "default", training: ["how big"])])
        let run = try makeRunConfiguration(options)
        #expect(try decodeJSON(RunConfiguration.self, from: canonicalJSON(run)) == run)
        #expect(run.problem == nil)
        options.wordings = PromptWordings([.init(task: "default", training: ["what size"])])
        let differences = try run.differences(from: makeRunConfiguration(options))
        #expect(differences.count == 1)
        #expect(differences[0].hasPrefix("options.wordings.tasks.0.training was"))
        options.wordings = PromptWordings([.init(task: "none", training: ["what size"])])
        #expect(try makeRunConfiguration(options).problem?.contains("no task `none`") == true)
    }
}
