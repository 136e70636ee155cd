import ArgumentParser
import Manifests
import Pipelines
import Recipes
import Tensors
import Training
import VideoDecoding

struct PredictCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "predict",
        abstract: "Classes and probabilities straight from video files.",
        discussion: """
            Videos are decoded in worker processes and answered in the order given, each as soon as it is \
            ready. One that cannot be decoded is named on stderr and costs only itself; the exit code is 1 \
            if no video was answered.
            """)

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

    @Option(help: "Address space of one worker process, in megabytes.")
    var workerMemory = 4096

    @OptionGroup var options: RunOptions

    func validate() throws {
        try requireNotEmpty(["RUN": run, "--model": model])
        if videos.contains("") { throw ValidationError("A video's name is empty.") }
        if videos.isEmpty { throw ValidationError("Name at least one video.") }
        if topK < 1 { throw ValidationError("--top-k must be at least 1.") }
        if let problem = problem(ofTimeLimit: timeout) { throw ValidationError(problem) }
        guard (256...1 << 24).contains(workerMemory) else {
            throw ValidationError("--worker-memory must be from 256 to 16777216 megabytes.")
        }
    }

    func run() async throws {
        MathThreads.set(options.jobCount)
        let predictor = try Predictor(run: run, model: model, prompt: prompt)
        let questions = try predictor.questions(ofTask: task)
        let stop = StopSignal()
        var names = videos
        let addresses = WebAddresses(takingCredentialsOutOf: &names)
        let stream = VideoStream(
            predictor.clipRecipe, timeoutSeconds: timeout,
            // This program is its own worker.
            isolation: .processes(
                executable: "/proc/self/exe", memoryBytes: workerMemory << 20),
            jobs: options.jobCount, addresses: addresses)
        var output = PredictionOutput(
            isJSON: options.json, namesTasks: predictor.outputs.tasks.count > 1)
        var numAnswered = 0
        try await stream.forEach(names.map { Clip(video: $0) }, stop: stop) { clip, loaded in
            let answers = Result {
                try predictor.answers(
                    about: loaded.get(), to: questions, video: clip.video)
            }
            if case .failure(let error) = answers { writeToStandardError("\(error)\n") }
            for (number, question) in questions.enumerated() {
                try output.show(
                    Prediction(
                        video: clip.video, task: predictor.outputs.tasks[question.task].task,
                        classes: Array((try? answers.get())?[number].prefix(topK) ?? []),
                        error: answers.failure.map { "\($0)" }))
            }
            if case .success = answers { numAnswered += 1 }
        }
        output.finish()
        if let signal = stop.signal { throw ExitCode(128 + signal) }
        if numAnswered == 0 { throw ExitCode.failure }
    }
}

extension Result {
    fileprivate var failure: Failure? { if case .failure(let error) = self { error } else { nil } }
}
