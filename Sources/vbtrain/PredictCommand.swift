import ArgumentParser
import Models
import Pipelines
import Shards
import Tensors
import Training
import VideoDecoding

struct PredictCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "predict",
        abstract: "Classes and probabilities straight from video files.")

    @Argument(help: "Run directory.")
    var run: String

    @Argument(help: "Video files or URLs.")
    var videos: [String]

    @Option(help: "Classes to show per video.")
    var topK = 5

    @Option(help: "Time limit of one video, in seconds.")
    var timeout = 60.0

    @Option(help: "Frozen encoder (default: the run's).")
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
        let classifier = try directory.loadModel()
        let configuration = directory.configuration
        let encoder = try FrameEncoder(
            model: ModelDirectory.resolve(
                model, recorded: configuration.modelReference, modelsDirectory: "models"),
            precision: VisionPrecision(rawValue: configuration.encoder.precision) ?? .automatic,
            bfloat16Blocks: configuration.encoder.bfloat16Blocks ?? [],
            tokens: TokenSelection(rawValue: configuration.encoder.tokens) ?? .all)
        let settings = configuration.settings
        var loader = ClipLoader(
            ClipLoaderOptions(
                numFrames: settings.numFrames, imageSize: settings.imageSize,
                sampling: FrameSampling(rawValue: settings.sampling) ?? .linspace,
                autorotate: settings.autorotate, timeoutSeconds: timeout))

        var predictions: [Prediction] = []
        for video in videos {
            do {
                let clip = try loader.load(path: video)
                let features = encoder.features(
                    of: clip.pixels.span, numFrames: settings.numFrames
                ).values
                let width = classifier.configuration.encoderHiddenSize
                let tokens = reading.frameTokens(
                    numClips: 1, tokensPerClip: features.count / width
                ) { _ in features }
                let logits = classifier.logits(tokens, prompts: reading.tokenized([""]))
                predictions.append(
                    Prediction(
                        video: video, classes: candidates(logits, configuration.classes), error: nil
                    ))
            } catch {
                writeToStandardError("\(video): \(error)\n")
                predictions.append(Prediction(video: video, classes: [], error: "\(error)"))
            }
        }
        try show(predictions)
        if predictions.contains(where: { $0.error != nil }) { throw ExitCode.failure }
    }

    private func candidates(_ logits: [Float], _ classes: [String]) -> [Prediction.Candidate] {
        zip(classes, probabilities(ofLogits: logits[...])).sorted { $0.1 > $1.1 }.prefix(topK)
            .map { Prediction.Candidate(label: $0.0, probability: $0.1) }
    }

    private func show(_ predictions: [Prediction]) throws {
        if options.json {
            print(
                String(decoding: try canonicalJSON(predictions, pretty: false), as: UTF8.self),
                terminator: "")
            return
        }
        for prediction in predictions where prediction.error == nil {
            print(prediction.video)
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
