import ArgumentParser
import Files
import Models
import Pipelines
import Recipes
import Tensors
import Training

struct PredictCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "predict",
        abstract: "Classes and probabilities straight from video files.")

    @Argument(help: "Run directory.")
    var run: String

    @Argument(help: "Video files or URLs.")
    var videos: [String]

    @Option(help: "Answer this task only (default: every task of the run).")
    var task: String?

    @Option(help: "Classes to show per video and task.")
    var topK = 5

    @Option(help: "Time limit of one video, in seconds.")
    var timeout = 60.0

    @Option(help: "Where the run's encoder is now (default: where it was).")
    var model: String?

    @Option(help: "Instruction for the Q-Former, if it reads text (default: the run's).")
    var prompt: String?

    @OptionGroup var options: RunOptions

    private struct Prediction: Encodable {
        struct Candidate: Encodable {
            let label: String
            let probability: Double
        }
        let video: String
        let task: String
        let classes: [Candidate]
        let error: String?
    }

    func validate() throws {
        if videos.isEmpty { throw ValidationError("Name at least one video.") }
        if topK < 1 { throw ValidationError("--top-k must be at least 1.") }
        if !(timeout > 0) { throw ValidationError("--timeout must be more than 0 seconds.") }
    }

    func run() async throws {
        MathThreads.set(options.jobCount)
        let directory = try RunDirectory(opening: run)
        let reading = try directory.reading(prompt: prompt)
        guard prompt == nil || reading.readsText else {
            throw PipelineError.unsupported(
                option: "--prompt", reason: "the run's Q-Former was trained without text")
        }
        let configuration = directory.configuration
        let outputs = configuration.outputs
        let tasks = try tasks(of: outputs)
        let classifier = try directory.loadModel()
        let encoder = try FrameEncoder(
            model: ModelDirectory.resolve(model, recorded: configuration.recordedModel),
            recipe: configuration.featureRecipe)
        var loader = ClipLoader(configuration.clipRecipe, timeoutSeconds: timeout)

        var predictions: [Prediction] = []
        for video in videos {
            do {
                let pixels = try loader.load(path: video).pixels
                let features = encoder.features(
                    of: pixels.span, numFrames: configuration.clipRecipe.numFrames
                ).values
                let tokens = reading.frameTokens(
                    numClips: 1,
                    tokensPerClip: features.count / configuration.qformer.encoderHiddenSize
                ) { _ in features }
                let logits = classifier.logits(tokens, prompts: reading.tokenized([""]))
                predictions += tasks.map { task in
                    Prediction(
                        video: video, task: outputs.tasks[task].task,
                        classes: candidates(outputs, task, logits), error: nil)
                }
            } catch {
                writeToStandardError("\(video): \(error)\n")
                predictions += tasks.map { task in
                    Prediction(
                        video: video, task: outputs.tasks[task].task, classes: [],
                        error: "\(error)")
                }
            }
        }
        try show(predictions, namesTasks: outputs.tasks.count > 1)
        if predictions.contains(where: { $0.error != nil }) { throw ExitCode.failure }
    }

    /// The tasks to answer, by number.
    private func tasks(of outputs: ModelOutputs) throws -> [Int] {
        guard let task else { return Array(outputs.tasks.indices) }
        guard let number = outputs.task(named: task) else {
            throw TrainingError.unknownTask(name: task, known: outputs.tasks.map(\.task))
        }
        return [number]
    }

    /// The most probable answers of task number `task`, among its own.
    private func candidates(
        _ outputs: ModelOutputs, _ task: Int, _ logits: [Float]
    ) -> [Prediction.Candidate] {
        let shares = probabilities(ofLogits: outputs.logits(logits[...], ofTask: task))
        return zip(outputs.tasks[task].classes, shares).sorted { $0.1 > $1.1 }.prefix(topK)
            .map { Prediction.Candidate(label: $0.0, probability: $0.1) }
    }

    private func show(_ predictions: [Prediction], namesTasks: Bool) throws {
        if options.json {
            print(
                String(decoding: try canonicalJSON(predictions, pretty: false), as: UTF8.self),
                terminator: "")
            return
        }
        for prediction in predictions where prediction.error == nil {
            print(prediction.video + (namesTasks ? "  \(prediction.task)" : ""))
            for candidate in prediction.classes {
                let percent = (100 * candidate.probability).formatted(decimals: 1)
                let bar = String(repeating: "█", count: Int(candidate.probability * 30))
                print(
                    "  \(String(repeating: " ", count: max(0, 5 - percent.count)))\(percent) %  "
                        + "\(candidate.label)  \(bar)")
            }
        }
    }
}
