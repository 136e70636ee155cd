import Recipes
import Shards
import Testing

@testable import Training

struct RunConfigurationDatasetTests {
    private static let rows = [
        FeatureFixture.Row(video: "x.mp4"), .init(video: "y.mp4", classIndex: 1),
    ]

    private func message(
        tasks: [AnswerSet] = [AnswerSet(task: "default", classes: ["a", "b", "c"])],
        rows: [FeatureFixture.Row] = rows, _ change: (FeatureFixture) -> Void
    ) throws -> String? {
        let original = try FeatureFixture()
        defer { original.remove() }
        let configuration = try makeRunConfiguration(dataset: original.write(Self.rows))
        let fixture = try FeatureFixture(tasks: tasks)
        defer { fixture.remove() }
        change(fixture)
        let dataset = try fixture.write(rows)
        do {
            try configuration.requireFit(of: dataset, run: "runs/m")
            return nil
        } catch let error as TrainingError {
            guard case .datasetMismatch = error else { throw error }
            #expect(error.isBadInput)
            return error.description
        }
    }

    @Test func acceptsOtherRowsThatWereMadeAlike() throws {
        #expect(try message { _ in } == nil)
        #expect(try message(rows: [.init(video: "z.mp4", split: .test)]) { _ in } == nil)
    }

    @Test func namesEveryDifferenceOfTheRecipes() throws {
        let message = try #require(
            try message { fixture in
                fixture.clipRecipe.numFrames = 4
                fixture.clipRecipe.sampling = .floor
                fixture.featureRecipe.modelHash = "other"
            })
        for part in ["num_frames", "sampling", "model_hash", "runs/m", "--shards"] {
            #expect(message.contains(part), "\(message)")
        }
    }

    @Test func refusesOtherBlocksInBfloat16() throws {
        let message = try message { $0.featureRecipe.bfloat16Blocks = [3] }
        #expect(message != nil)
    }

    @Test func namesOtherTasksAndClasses() throws {
        let classes = try message(tasks: [AnswerSet(task: "default", classes: ["a", "b", "d"])]) {
            _ in
        }
        #expect(classes?.contains("classes of the task `default` are a, b, d") == true)
        let tasks = try message(
            tasks: [AnswerSet(task: "t", classes: ["a", "b", "c"])],
            rows: [.init(video: "x.mp4", task: "t")]
        ) { _ in }
        #expect(tasks?.contains("its tasks are t instead of default") == true)
    }
}
