import Foundation
import TestSupport
import Testing

/// The built programs on pictures that are not the model's size, with the option names of
/// transformers.
@Suite(.serialized)
struct TrainingOptionTests {
    private func run(
        _ program: String, _ arguments: String..., directory: URL
    ) throws -> BuiltProgram.Outcome {
        try BuiltProgram(program, arguments, directory: directory).outcome()
    }

    /// Four clips of two classes, of 42 pixels; preset:tiny wants 28.
    private func buildPixels(in scratch: URL) throws {
        let video = Fixtures.path("videos/real/park.mp4")
        let rows = ["a", "b"].flatMap { label in
            ["train", "validation"].enumerated().map { number, split in
                let start = (label == "a" ? 0 : 0.2) + 0.1 * Double(number)
                return "\(video),\(label),\(split),\(start),\(start + 0.1)"
            }
        }
        try (["video,label,split,start,end"] + rows).joined(separator: "\n")
            .write(to: scratch.appendingPathComponent("m.csv"), atomically: true, encoding: .utf8)
        let built = try run(
            "vbprep", "build-shards", "m.csv", "--frames=2", "--image-size=42", directory: scratch)
        #expect(built.status == 0, "\(built.errors)")
    }

    private func options(of run: String, in scratch: URL) throws -> [String: String] {
        let data = try Data(contentsOf: scratch.appendingPathComponent("\(run)/config.json"))
        let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        let options = try #require(object["options"] as? [String: Any])
        return options.mapValues { "\($0)" }
    }

    @Test func takesPicturesOfAnotherSizeAndTheNamesOfTrainingArguments() throws {
        let scratch = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: scratch) }
        try buildPixels(in: scratch)
        let refused = try run(
            "vbprep", "extract-features", "--model=preset:tiny", directory: scratch)
        #expect(refused.status == 65)
        #expect(refused.errors.contains("--interpolate-positions"), "\(refused.errors)")
        let extracted = try run(
            "vbprep", "extract-features", "--model=preset:tiny", "--interpolate-positions",
            directory: scratch)
        #expect(extracted.status == 0, "\(extracted.errors)")

        let long = try run(
            "vbtrain", "--shards=cache/m-features", "--out=runs/long", "--num-train-epochs=3",
            "--per-device-train-batch-size=2", "--gradient-accumulation-steps=1",
            "--save-total-limit=1", "--metric-for-best-model=eval_loss",
            "--lr-scheduler-type=cosine", "--label-smoothing-factor=0.1", directory: scratch)
        #expect(long.status == 0, "\(long.errors)")
        try """
        num_train_epochs: 3
        per_device_train_batch_size: 2
        gradient_accumulation_steps: 1
        save-total-limit: 1
        metric_for_best: loss
        lr_scheduler: cosine
        label_smoothing_factor: 0.1
        """.write(
            to: scratch.appendingPathComponent("t.yaml"), atomically: true, encoding: .utf8)
        let filed = try run(
            "vbtrain", "--shards=cache/m-features", "--out=runs/filed", "--config=t.yaml",
            directory: scratch)
        #expect(filed.status == 0, "\(filed.errors)")
        let found = try options(of: "runs/long", in: scratch)
        #expect(found == (try options(of: "runs/filed", in: scratch)))
        #expect(found["epochs"] == "3" && found["metric_for_best"] == "loss")

        // The run's encoder is given pictures of the run's size.
        let predicted = try run(
            "vbtrain", "predict", "runs/long", Fixtures.path("videos/real/park.mp4"),
            directory: scratch)
        #expect(predicted.status == 0, "\(predicted.errors)")
    }

    @Test func refusesAnOptionThatIsGivenTwice() throws {
        let scratch = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: scratch) }
        try "epochs: 3\nnum_train_epochs: 4\n".write(
            to: scratch.appendingPathComponent("t.yaml"), atomically: true, encoding: .utf8)
        let outcome = try run(
            "vbtrain", "--shards=cache/m-features", "--config=t.yaml", directory: scratch)
        #expect(outcome.status == 64)
        #expect(outcome.errors.contains("given twice"), "\(outcome.errors)")
    }
}
