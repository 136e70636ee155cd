import Testing

@testable import Models
@testable import Training

struct QuestionPromptsTests {
    private let training = ["which way", "how", "what is it"]

    private func wordings(heldOut: [PromptWordings.List] = []) -> PromptWordings {
        PromptWordings([.init(task: "way", training: training, heldOut: heldOut)])
    }

    private func makePrompts() throws -> QuestionPrompts {
        QuestionPrompts(
            MovingDataset(numClips: 50, prompts: ["big", "which color"]),
            outputs: MovingDataset.outputs, reading: try PromptFixture.reading(),
            wordings: wordings())
    }

    @Test func drawsOneWordingByEpochAndQuestionAlone() throws {
        let (prompts, again) = (try makePrompts(), try makePrompts())
        let epochs = (0..<3).map { prompts.drawn(Array(0..<100)[...], epoch: $0, seed: 7) }
        #expect(epochs[0] != epochs[1] && epochs[1] != epochs[2])
        #expect(epochs[0] != prompts.drawn(Array(0..<100)[...], epoch: 0, seed: 8))
        for question in [31, 4, 98] {
            #expect(again.drawn([question], epoch: 1, seed: 7) == [epochs[1][question]])
        }
    }

    @Test func drawsAllWordingsOfATaskAboutEquallyOften() throws {
        let prompts = try makePrompts()
        let tokens = try PromptFixture.reading().tokenized(training)
        var counts = [0, 0, 0]
        for epoch in 0..<20 {
            for drawn in prompts.drawn(
                stride(from: 0, to: 100, by: 2).map(\.self)[...], epoch: epoch, seed: 1)
            {
                counts[try #require(tokens.firstIndex(of: drawn))] += 1
            }
        }
        #expect(counts.reduce(0, +) == 1000 && counts.allSatisfy { 280...390 ~= $0 }, "\(counts)")
    }

    @Test func aTaskWithoutWordingsKeepsThePromptsOfItsRows() throws {
        let prompts = try makePrompts()
        let own = try PromptFixture.reading().tokenized(["which color"])
        #expect(prompts.drawn([1, 3], epoch: 5, seed: 1) == own + own)
        #expect(prompts.count(0) == 3 && prompts.count(1) == 1)
    }

    @Test func nothingIsAskedOfAQFormerWithoutText() throws {
        let prompts = QuestionPrompts(
            MovingDataset(numClips: 2), outputs: MovingDataset.outputs,
            reading: try ClipReading(qformer: smallQFormer), wordings: wordings())
        #expect(prompts.drawn([0, 1], epoch: 0, seed: 1).isEmpty && prompts.all(0..<4).isEmpty)
    }

    private func train(_ wordings: PromptWordings) throws -> [Float] {
        var options = TrainOptions()
        options.epochs = 2
        options.batchSize = 4
        options.evalStrategy = .no
        options.wordings = wordings
        let dataset = MovingDataset(numClips: 8)
        var trainer = try Trainer(
            model: PromptFixture.model(numClasses: 4), options: options, training: dataset,
            validation: dataset, outputs: MovingDataset.outputs, reading: PromptFixture.reading())
        _ = try trainer.run { _ in .proceed }
        return trainer.model.store.values
    }

    @Test func wordingsThatAreHeldOutAreNotTrainedOn() throws {
        let heldOut = [PromptWordings.List(name: "far", prompts: ["describe", "which shade"])]
        let weights = try train(wordings())
        #expect(try weights == train(wordings(heldOut: heldOut)))
        let more = PromptWordings([.init(task: "way", training: training + ["describe"])])
        #expect(try weights != train(more))
    }
}
