import Files
public import Models

/// Where a training keeps its log, its checkpoints and its best weights: a run directory.
public final class RunStorage {
    private let run: RunDirectory
    private let imageProcessor: ImageProcessorConfiguration
    private let tokenizerFiles: [String]
    private let monitor: RunMonitor

    /// Opens what `reporters` need in the directory of `run`.
    /// - Parameters:
    ///   - run: The run directory.
    ///   - imageProcessor: How pictures are preprocessed for the encoder.
    ///   - tokenizerFiles: Paths of the tokenizer's files, which are copied to the model.
    ///   - reporters: Where progress is reported besides the log.
    /// - Throws: `FileError.cannotCreate`, `.encoding` or `.system`.
    public init(
        run: RunDirectory, imageProcessor: ImageProcessorConfiguration, tokenizerFiles: [String],
        reporters: Set<Reporter> = Set(Reporter.allCases)
    ) throws {
        self.run = run
        self.imageProcessor = imageProcessor
        self.tokenizerFiles = tokenizerFiles
        monitor = try RunMonitor(
            directory: run.path, reporters: reporters,
            configuration: run.configuration.jsonByName())
    }

    /// The newest checkpoint.
    var latestCheckpoint: Checkpoint? { run.checkpoints.last }

    /// Adds a line to the log and to the records that are kept in step with it.
    func append(_ line: some LoggedLine) throws {
        try run.appendLog(line)
        try monitor.append(line)
    }

    /// Writes what waits for more values of the last step.
    func flush() throws { try monitor.flush() }

    /// Notes that the training has come to its end.
    /// - Throws: `FileError.system`.
    public func finish() throws { try monitor.finish() }

    /// The size of the log.
    var logBytes: Int { (try? FileStamp(path: run.logPath).size) ?? 0 }

    /// Drops what a run that was killed wrote after its last checkpoint.
    /// - Throws: `FileError.damaged` if a line of the log has changed, `.cannotCreate` or
    ///   `.system`.
    public func truncateLog(toBytes count: Int) throws {
        try truncateFile(at: run.logPath, to: count)
        try monitor.rewind(
            to: try run.logLines(LogLine.self), run.logLines(EvaluationLine.self))
    }

    /// Saves a checkpoint and removes the oldest ones beyond `limit`; 0 means no limit.
    /// - Returns: Its path.
    func saveCheckpoint(
        _ state: TrainingState, _ store: ParameterStore, _ firstMoments: [Float],
        _ secondMoments: [Float], limit: Int
    ) throws -> String {
        try monitor.flush()
        let checkpoint = try Checkpoint.save(
            state, store, firstMoments: firstMoments, secondMoments: secondMoments, in: run.path)
        if limit > 0 {
            for old in run.checkpoints.filter({ $0.step != checkpoint.step }).dropLast(limit - 1) {
                try old.remove()
            }
        }
        return checkpoint.path
    }

    func saveModel(_ model: VideoClassifier) throws {
        try run.save(model, imageProcessor: imageProcessor, tokenizerFiles: tokenizerFiles)
    }

    func loadModel(into model: inout VideoClassifier) throws {
        try run.loadModel(into: &model)
    }
}
