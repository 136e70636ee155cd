import ArgumentParser
import CommandSupport
import Files
import Manifests
import Pipelines
import Recipes
import Tensors
import Training

struct PredictCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "predict",
        abstract: "Classes and probabilities straight from video files.",
        discussion: """
            WHAT are video files, folders (all videos at any depth), manifests (.csv or .tsv: each \
            row's window, task and prompt; labels and splits do not count) and http(s) URLs. Videos \
            are decoded in worker processes and answered in the order given, each as soon as it is \
            ready, once for all questions about it. One that cannot be decoded is named on stderr and \
            costs only itself; the exit code is 1 if nothing was answered.

            Without --task, --prompt and --questions a manifest's rows ask their own questions, and \
            other videos are asked the run's prompt by every task. With them, every clip is asked \
            just these.

            With --out the same command goes on where it stopped: rows that the file has are not \
            made again. Remove rows with an error to try those videos once more.
            """)

    @Argument(help: "Run directory.")
    var run: String

    @Argument(help: "Video files, folders, manifests or URLs.")
    var what: [String]

    @Option(
        help: """
            Task that answers (default: every task of the run). May be given several times.
            """)
    var task: [String] = []

    @Option(
        help: """
            What to ask, if the run's Q-Former reads text (default: the run's prompt). May be given \
            several times.
            """)
    var prompt: [String] = []

    @Option(
        help: """
            File of questions: a .csv or .tsv with the columns task and prompt (or one of them), or \
            text with one prompt per line. A question without a task is answered by those of --task.
            """)
    var questions: String?

    @Option(help: "Answers to show for each question.")
    var topK = 5

    @Option(
        help: """
            CSV file to write, a row for each question: video, start, end, task, prompt, answer, \
            probability, the other answers, run, error (default: answers go to stdout).
            """)
    var out: String?

    @Option(
        help: """
            Export what the queries read of the frames: FILE.safetensors for all clips, or a folder \
            with a file per clip and a picture per prompt. Tensors CLIP.PROMPT.attention (layers, \
            heads, queries, frames × tokens), attention_map (frames, rows, columns), query_output and \
            hidden_states, as transformers returns them; the header says which question is which. \
            Clips that are already in --out are processed again.
            """)
    var attention: String?

    @Flag(help: "Replace the files that --out and --attention name.")
    var overwrite = false

    @Option(help: "Where the paths of manifests begin (default: each manifest's folder).")
    var root: String?

    @Option(help: "Time limit of one video, in seconds.")
    var timeout = 60.0

    @Option(help: "Where the run's encoder is now (default: where it was).")
    var model: String?

    @OptionGroup var workers: WorkerOptions

    @OptionGroup var options: RunOptions

    func validate() throws {
        try requireNotEmpty([
            "RUN": run, "--model": model, "--questions": questions, "--out": out,
            "--attention": attention, "--root": root,
        ])
        if what.contains("") { throw ValidationError("A video's name is empty.") }
        if what.isEmpty { throw ValidationError("Name at least one video.") }
        if questions != nil, !prompt.isEmpty {
            throw ValidationError("Give --questions or --prompt, not both.")
        }
        if topK < 1 { throw ValidationError("--top-k must be at least 1.") }
        if let problem = problem(ofTimeLimit: timeout) { throw ValidationError(problem) }
        if let attention, AttentionOutput.isFile(attention), !overwrite, fileExists(attention) {
            throw ValidationError("\(attention) exists; add --overwrite to replace it.")
        }
    }

    func run() async throws {
        MathThreads.set(options.jobCount)
        keepFreedMemory()
        let listed =
            try questions.map(readQuestions) ?? prompt.map { ListedQuestion(task: nil, prompt: $0) }
        let predictor = try Predictor(run: run, model: model)
        if !predictor.reading.readsText, listed.contains(where: { !$0.prompt.isEmpty }) {
            throw PipelineError.unsupported(
                option: questions == nil ? "--prompt" : "--questions",
                reason: "the run's Q-Former was trained without text")
        }
        let choice = try QuestionChoice(
            outputs: predictor.outputs, reading: predictor.reading,
            wordings: predictor.wordings, tasks: task, listed: listed)
        let asked = try AskedClips(what, root: root, asking: choice)
        let prompts = asked.clips.lazy.flatMap { $0.questions.map(\.prompt) }
        if let remark = predictor.reading.remark(onLong: prompts) {
            writeToStandardError(remark + "\n")
        }
        let output = try PredictionOutput(
            asked.clips, of: predictor, topK: topK, table: out, overwrite: overwrite,
            isJSON: options.json,
            attention: attention.map { try AttentionOutput(path: $0, of: predictor) })
        let stop = StopSignal()
        let videos = DecodedVideos(
            predictor.clipRecipe, timeoutSeconds: timeout,
            // This program is its own worker.
            isolation: workers.isolation,
            jobs: options.jobCount, addresses: asked.addresses)
        try await videos.forEach(output.clipsToDecode, stop: stop) { _, loaded in
            try output.take(loaded)
        }
        try output.finish(isStopped: stop.isRequested)
        if let signal = stop.signal { throw ExitCode(128 + signal) }
        if output.numAnswered == 0 { throw ExitCode.failure }
    }
}
