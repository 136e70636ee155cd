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

    /// What is asked: the task that answers, and what the Q-Former reads.
    struct Question {
        let task: Int
        /// Empty means the run's own.
        var prompt = ""
    }

    /// How videos become pixels.
    let clipRecipe: ClipRecipe
    let outputs: ModelOutputs
    private let reading: ClipReading
    private let classifier: VideoClassifier
    private let encoder: FrameEncoder
    private let tokenWidth: Int
    /// How the run's tasks are worded; `nil` if the user gives a prompt.
    private let wordings: PromptWordings?

    /// Loads a run and its encoder.
    /// - Parameters:
    ///   - run: The run directory.
    ///   - model: Where the encoder is now; `nil` means where it was.
    ///   - prompt: What is asked where a question has no prompt; `nil` means the run's own.
    /// - Throws: `PipelineError.unsupported` if the Q-Former reads no prompts, and what loading throws.
    init(run: String, model: String?, prompt: String?) throws {
        let directory = try RunDirectory(opening: run)
        let configuration = directory.configuration
        reading = try directory.reading(prompt: prompt)
        guard prompt == nil || reading.readsText else {
            throw PipelineError.unsupported(
                option: "--prompt", reason: "the run's Q-Former was trained without text")
        }
        clipRecipe = configuration.clipRecipe
        outputs = configuration.outputs
        wordings = prompt == nil ? configuration.options.wordings : nil
        tokenWidth = configuration.qformer.encoderHiddenSize
        classifier = try directory.loadModel()
        let found = try ModelDirectory.resolve(model, recorded: configuration.recordedModel)
            .interpolatingPositions(to: clipRecipe.imageSize)
        if let ignored = found.ignoredTensors(beside: .encoder) {
            writeToStandardError(ignored + "\n")
        }
        encoder = try FrameEncoder(model: found, recipe: configuration.featureRecipe)
    }

    /// The questions of the task called `name`, or of every task.
    /// - Throws: `TrainingError.unknownTask`.
    func questions(ofTask name: String?) throws(TrainingError) -> [Question] {
        func question(_ task: Int) -> Question {
            let wordings = wordings?.task(named: outputs.tasks[task].task)
            return Question(task: task, prompt: wordings?.training.first ?? "")
        }
        guard let name else { return outputs.tasks.indices.map(question) }
        guard let number = outputs.task(named: name) else {
            throw .unknownTask(name: name, known: outputs.tasks.map(\.task))
        }
        return [question(number)]
    }

    /// Answers `questions` about a video.
    /// - Parameters:
    ///   - clip: Its pixels, UInt8 (C, T, H, W), and when its frames are shown.
    ///   - questions: What is asked.
    ///   - video: Its name, for the error.
    /// - Returns: All answers to each question, the most probable first.
    /// - Throws: `TrainingError.noAnswer` if an output is not finite.
    func answers(
        about clip: LoadedClip, to questions: [Question], video: String
    ) throws(TrainingError) -> [[Candidate]] {
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
        let logits = classifier.logits(tokens, prompts: reading.tokenized(prompts))
        guard logits.allSatisfy(\.isFinite) else { throw .noAnswer(key: video) }
        return zip(questions, rows).map { question, row in
            let row = logits[row * outputs.count..<(row + 1) * outputs.count]
            let shares = probabilities(ofLogits: outputs.logits(row, ofTask: question.task))
            return zip(outputs.tasks[question.task].classes, shares).sorted { $0.1 > $1.1 }
                .map { Candidate(label: $0, probability: $1) }
        }
    }
}
