import Files
import Foundation
import Models
import Recipes
import TestSupport
import Testing

@testable import Training

struct ModelCardTests {
    private func withRun(_ classes: [String], _ body: (RunDirectory) throws -> Void) throws {
        let fixture = try FeatureFixture(tasks: [AnswerSet(task: "t|1", classes: classes)])
        defer { fixture.remove() }
        let dataset = try fixture.write([.init(video: "x.mp4", task: "t|1")])
        try body(
            RunDirectory(
                creating: "\(fixture.folder.path)/my run",
                configuration: makeRunConfiguration(dataset: dataset), overwrite: false))
    }

    private func card(of run: RunDirectory) throws -> String {
        String(decoding: try readFile("\(run.path)/model/README.md"), as: UTF8.self)
    }

    @Test func theModelIndexHasTheMetricsOfEachSplit() throws {
        try withRun(["a", "b"]) { run in
            let result = makeResult(run.configuration.outputs, [(0, 0, 0), (0, 1, 0)])
            let dataset = EvaluatedDataset(name: "d: \"x\"", contentHash: "abc")
            try run.record(result, split: .test, dataset: dataset)
            #expect(
                try card(of: run).contains(
                    """
                    model-index:
                    - name: "my run"
                      results:
                      - task:
                          type: video-classification
                          name: "t|1"
                        dataset:
                          name: "d: \\"x\\""
                          type: "d: \\"x\\""
                          split: test
                          revision: "abc"
                        metrics:
                        - type: accuracy
                          name: "Accuracy"
                          value: 0.5

                    """))
            #expect(try card(of: run).contains("| test | t&#124;1 | 2 | 0.5 |"))
        }
    }

    @Test func aRunWithoutMetricsHasACardWithoutThem() throws {
        try withRun(["<i>", "b"]) { run in
            try ModelCard(of: run).publish()
            let card = try card(of: run)
            #expect(!card.contains("model-index") && !card.contains("## Results"))
            #expect(card.contains("| 0 | t&#124;1 | &#60;i&#62; |"))
            #expect(card.hasPrefix("---\nlicense: unknown"))
            let path = "\(run.path)/model/README.md"
            let edited = card.replacing("license: unknown", with: "license: mit")
            try publishFile([UInt8](edited.utf8), at: path)
            try ModelCard(of: run).publish()
            #expect(try self.card(of: run) == edited)
        }
    }

    @Test func saysWhatTheModelKnowsToBeAsked() throws {
        let fixture = try FeatureFixture()
        defer { fixture.remove() }
        var options = TrainOptions()
        options.wordings = PromptWordings([.init(task: "default", training: ["how", "a|b"])])
        let configuration = try makeRunConfiguration(
            options, dataset: fixture.write([.init(video: "x.mp4")]))
        let run = try RunDirectory(
            creating: "\(fixture.folder.path)/run", configuration: configuration, overwrite: false)
        try ModelCard(of: run).publish()
        #expect(try card(of: run).contains("| default | how<br>a&#124;b |"))
    }

    @Test func theModelNamesItsCodeAndItsLabels() throws {
        try withRun(["a", "b"]) { run in
            let model = VideoClassifier(configuration: smallQFormer, numClasses: 2, seed: 1)
            try run.save(model, imageProcessor: .blip)
            let bytes = try readFile("\(run.path)/model/config.json")
            let json = try JSONSerialization.jsonObject(with: Data(bytes))
            let config = try #require(json as? [String: Any])
            #expect(
                config["auto_map"] as? [String: String]
                    == ["AutoModel": "modeling.VideoClassifier"])
            #expect(config["id2label"] as? [String: String] == ["0": "a", "1": "b"])
            #expect(config["label2id"] as? [String: Int] == ["a": 0, "b": 1])
            #expect(fileExists("\(run.path)/model/modeling.py"))
        }
    }

    @Test func onlyCodeThatReadsTextTakesAPrompt() {
        let plain = ModelingFile(readsText: false).text
        #expect(plain.contains("Blip2QFormerModel") && !plain.contains("input_ids"))
        let prompted = ModelingFile(readsText: true).text
        #expect(prompted.contains("InstructBlipQFormerModel") && prompted.contains("input_ids"))
    }
}
