import Recipes
import Testing
import Training

@testable import Reports

struct RunReportTests {
    /// The prompts on the cards of a run, and what the model would be asked for its attention.
    private func prompts(
        _ wordings: PromptWordings? = nil, rowPrompt: String = "", readsText: Bool = true
    ) throws -> [RunPage.Prompt?] {
        let stored = try StoredRun(videos: (0..<4).map { "\($0).mp4" }, prompt: rowPrompt)
        defer { stored.remove() }
        var options = TrainOptions()
        options.wordings = wordings
        let run = try stored.run(
            options: options, readsText: readsText, evaluated: wordings?.evaluated
        ) { clip, _ in (clip % 2, 0.9) }
        let page = try RunReport(run: run).makePage()
        return page.questions.filter { page.tasks[$0.task].name == "shape" }
            .map { $0.prompt.map { page.prompts[$0] } }
    }

    private static let shape = PromptWordings.Task(
        task: "shape", training: ["is it round?", "which shape?", "describe it"])
    private static let color = PromptWordings.Task(task: "color", training: ["which color?"])

    @Test func aCardShowsTheWordingThatWasAskedAndNotTheRows() throws {
        let wordings = PromptWordings([Self.shape, Self.color])
        let shown = try prompts(wordings, rowPrompt: "of the row")
        #expect(Set(shown) == [.init(text: "is it round?", others: 0)])
    }

    @Test func aCardSaysHowManyWordingsWereAveraged() throws {
        let wordings = PromptWordings([Self.shape, Self.color], evaluated: .all)
        #expect(Set(try prompts(wordings)) == [.init(text: "is it round?", others: 2)])
    }

    @Test func withoutWordingsACardShowsTheRowsPromptOrTheRunsDefault() throws {
        #expect(Set(try prompts(rowPrompt: "of the row")) == [.init(text: "of the row", others: 0)])
        #expect(Set(try prompts()) == [.init(text: TrainOptions().prompt, others: 0)])
        #expect(Set(try prompts(readsText: false)) == [nil])
    }
}
