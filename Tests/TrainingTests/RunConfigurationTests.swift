import Files
import Foundation
import Models
import Recipes
import Shards
import Testing

@testable import Training

/// A configuration for clips of the test's own.
func makeRunConfiguration(
    _ options: TrainOptions = TrainOptions(), dataset: Dataset? = nil
) throws -> RunConfiguration {
    let fixture = try FeatureFixture()
    defer { fixture.remove() }
    let rows = [FeatureFixture.Row(video: "x.mp4"), .init(video: "x.mp4", prompt: "What?")]
    let dataset = try dataset ?? fixture.write(rows)
    return try RunConfiguration(
        options: options, dataset: dataset, training: ShardDataset(dataset: dataset, split: .train),
        modelPath: "/models/m", qformer: smallQFormer)
}

struct RunConfigurationTests {
    @Test func holdsWholeRecipesAndWhatTheRunWasMadeFrom() throws {
        let fixture = try FeatureFixture()
        defer { fixture.remove() }
        fixture.clipRecipe.keepsDamaged = true
        fixture.featureRecipe.bfloat16Blocks = [1, 5]
        let dataset = try fixture.write([.init(video: "x.mp4"), .init(video: "x.mp4", prompt: "?")])
        let configuration = try makeRunConfiguration(dataset: dataset)
        #expect(configuration.clipRecipe == fixture.clipRecipe)
        #expect(configuration.featureRecipe == fixture.featureRecipe)
        #expect(configuration.datasetPath == absolutePath(fixture.directory))
        #expect(configuration.datasetHash == dataset.description.contentHash)
        #expect(configuration.trainingQuestions == 2 && configuration.trainingClips == 1)
        #expect(configuration.recordedModel == .init(name: "m", path: "/models/m", hash: "h"))
        let read = try decodeJSON(RunConfiguration.self, from: canonicalJSON(configuration))
        #expect(read == configuration)
    }

    @Test(arguments: [
        #""sampling" : "linspace""#, #""resize" : "squash""#, #""precision" : "float32""#,
        #""tokens" : "all""#, #""metric_for_best" : "f1""#, #""store" : "uint8""#,
    ])
    func refusesAnUnknownValue(_ field: String) throws {
        let fixture = try FeatureFixture()
        defer { fixture.remove() }
        let run = try RunDirectory(
            creating: "\(fixture.folder.path)/run", configuration: makeRunConfiguration(),
            overwrite: false)
        let path = "\(run.path)/config.json"
        let text = String(decoding: try readFile(path), as: UTF8.self)
            .replacing(/"checksum" : "[0-9a-f]+"/, with: "\"checksum\" : \"edited\"")
        let name = try #require(field.split(separator: ":").first)
        #expect(text.contains(field))
        try publishFile(
            [UInt8](text.replacing(field, with: name + ": \"unheard-of\"").utf8), at: path)
        #expect {
            try RunDirectory(opening: run.path)
        } throws: { "\($0)".contains("has an unknown value") }
    }

    @Test func namesEveryDifference() throws {
        let fixture = try FeatureFixture()
        defer { fixture.remove() }
        let rows = [FeatureFixture.Row(video: "x.mp4")]
        let first = try makeRunConfiguration(dataset: fixture.write(rows))
        fixture.clipRecipe.numFrames = 4
        let second = try makeRunConfiguration(dataset: fixture.write(rows))
        let differences = try first.differences(from: second)
        #expect(differences == ["clip_recipe.num_frames was 8"])
    }

    /// Hashes say what dataset and encoder are; where they lie may change.
    @Test func aMovedDatasetIsNoDifference() throws {
        let rows = [FeatureFixture.Row(video: "x.mp4")]
        let (here, there) = (try FeatureFixture(), try FeatureFixture())
        defer { [here, there].forEach { $0.remove() } }
        let configurations = try [here, there].map {
            try makeRunConfiguration(dataset: $0.write(rows))
        }
        #expect(configurations[0] != configurations[1])
        #expect(try configurations[0].differences(from: configurations[1]).isEmpty)
    }

    @Test func namesADifferenceInAnAnswerOfOneTask() throws {
        let rows = [FeatureFixture.Row(video: "x.mp4", task: "t")]
        let configurations = try [["a", "b"], ["a", "c"]].map { classes in
            let fixture = try FeatureFixture(tasks: [AnswerSet(task: "t", classes: classes)])
            defer { fixture.remove() }
            return try makeRunConfiguration(dataset: fixture.write(rows))
        }
        let differences = try configurations[0].differences(from: configurations[1])
        #expect(differences.contains { $0.hasPrefix("tasks.0.classes was ") })
    }
}
