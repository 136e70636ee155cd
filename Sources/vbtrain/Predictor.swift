import Files
import Models
import Pipelines
import Recipes
import Tensors
import Training
import VideoDecoding

/// A run's model with its encoder: answers questions about the pixels of a video, which are encoded
/// once, and whose tokens are read once for all prompts.
struct Predictor {
    /// An answer and its probability among those of its task.
    struct Candidate: Encodable {
        let label: String
        let probability: Double
    }

    /// What a run says about one clip.
    struct Answers {
        /// All answers to each question, the most probable first.
        let candidates: [[Candidate]]
        /// The different prompts, as the pass read them.
        let prompts: [String]
        /// What led to the answers, a row for each prompt; `nil` if nobody asked.
        let trace: QFormerTrace?
    }

    /// How videos become pixels.
    let clipRecipe: ClipRecipe
    let outputs: ModelOutputs
    /// How the Q-Former reads clips and prompts.
    let reading: ClipReading
    private let classifier: VideoClassifier
    private let encoder: FrameEncoder
    private let tokenWidth: Int
    /// How the run's tasks are worded; `nil` if it has one prompt for all.
    let wordings: PromptWordings?
    /// 12 hex digits that tell the weights, the encoder and both recipes from all others.
    let identity: String

    /// Loads a run and its encoder.
    /// - Parameters:
    ///   - run: The run directory.
    ///   - model: Where the encoder is now; `nil` means where it was.
    /// - Throws: What loading throws.
    init(run: String, model: String?) throws {
        let directory = try RunDirectory(opening: run)
        warnOfRandomWeights(directory.configuration.model)
        let configuration = directory.configuration
        reading = try directory.reading()
        clipRecipe = configuration.clipRecipe
        outputs = configuration.outputs
        wordings = configuration.options.wordings
        tokenWidth = configuration.qformer.encoderHiddenSize
        classifier = try directory.loadModel()
        let found = try ModelDirectory.resolve(model, recorded: configuration.recordedModel)
            .interpolatingPositions(to: clipRecipe.imageSize)
        if let ignored = found.ignoredTensors(beside: .encoder) {
            writeToStandardError(ignored + "\n")
        }
        encoder = try FrameEncoder(model: found, recipe: configuration.featureRecipe)
        identity = try directory.modelIdentity()
    }

    /// Answers `questions` about a video.
    /// - Parameters:
    ///   - clip: Its pixels, UInt8 (C, T, H, W), and when its frames are shown.
    ///   - questions: What is asked, of tasks that the run has.
    ///   - video: Its name, for the error.
    ///   - traces: Whether to keep what led to the answers.
    /// - Returns: The answers, with what led to them.
    /// - Throws: `TrainingError.noAnswer` if an output is not finite.
    func answers(
        about clip: LoadedClip, to questions: [AskedQuestion], video: String, traces: Bool = false
    ) throws(TrainingError) -> Answers {
        let features = encoder.features(of: clip.pixels.span, numFrames: clipRecipe.numFrames)
            .values
        let times = FrameTimes(
            pts: clip.receipt.pts, timeBase: clip.receipt.timeBase,
            frameIndices: clip.receipt.frameIndices
        ).seconds
        var prompts: [String] = []
        let rows = questions.map { question in
            if let row = prompts.firstIndex(of: question.prompt) { return row }
            prompts.append(question.prompt)
            return prompts.count - 1
        }
        let tokens = reading.frameTokens(
            numClips: prompts.count, tokensPerClip: features.count / tokenWidth,
            identities: prompts.map { _ in 0 }, times: { _ in times }
        ) { _ in features }
        let ids = reading.tokenized(prompts)
        let trace = traces ? classifier.trace(tokens, prompts: ids) : nil
        let logits = trace?.logits ?? classifier.logits(tokens, prompts: ids)
        guard logits.allSatisfy(\.isFinite) else { throw .noAnswer(key: video) }
        let candidates = zip(questions, rows).map { question, row in
            let row = logits[row * outputs.count..<(row + 1) * outputs.count]
            let task = outputs.task(named: question.task) ?? 0
            let shares = probabilities(ofLogits: outputs.logits(row, ofTask: task))
            return zip(outputs.tasks[task].classes, shares).sorted { $0.1 > $1.1 }
                .map { Candidate(label: $0, probability: $1) }
        }
        return Answers(candidates: candidates, prompts: prompts, trace: trace)
    }
}
