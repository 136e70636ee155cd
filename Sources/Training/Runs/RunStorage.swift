import Files
import Foundation
public import Models

/// Where a training keeps its log, its checkpoints and its best weights: a run directory.
public final class RunStorage {
    private let run: RunDirectory
    private let imageProcessor: ImageProcessorConfiguration
    private let tokenizerFiles: [String]
    private let events: TensorBoardWriter

    /// - Parameters:
    ///   - run: The run directory.
    ///   - imageProcessor: What pictures go through before the encoder.
    ///   - tokenizerFiles: Paths of the tokenizer's files, which are copied to the model.
    /// - Throws: what writing throws.
    public init(
        run: RunDirectory, imageProcessor: ImageProcessorConfiguration, tokenizerFiles: [String]
    ) throws {
        self.run = run
        self.imageProcessor = imageProcessor
        self.tokenizerFiles = tokenizerFiles
        events = try TensorBoardWriter(
            directory: run.path, startTime: Date().timeIntervalSince1970)
    }

    /// The newest checkpoint.
    var latestCheckpoint: Checkpoint? { run.checkpoints.last }

    func append(_ line: LogLine) throws {
        try append(
            line, step: line.step,
            [
                ("train/loss", line.loss), ("train/learning_rate", line.learningRate),
                ("train/grad_norm", line.gradNorm), ("train/epoch", line.epoch),
                ("train/clips_per_second", line.clipsPerSecond),
            ])
    }

    func append(_ line: EvaluationLine) throws {
        try append(
            line, step: line.step,
            [
                ("eval/loss", line.evalLoss), ("eval/accuracy", line.evalAccuracy),
                ("eval/f1_weighted", line.evalF1Weighted), ("eval/f1_macro", line.evalF1Macro),
            ])
    }

    private func append(
        _ line: some Encodable, step: Int, _ scalars: [(tag: String, value: Double)]
    ) throws {
        try run.appendLog(line)
        try events.append(
            step: step, wallTime: Date().timeIntervalSince1970, scalars: scalars)
    }

    /// The size of the log.
    var logBytes: Int { (try? FileStamp(path: run.logPath).size) ?? 0 }

    /// Drops what a run that was killed wrote after its last checkpoint.
    func truncateLog(toBytes count: Int) throws {
        try truncateFile(at: run.logPath, to: count)
    }

    /// Saves a checkpoint and removes the oldest ones beyond `limit`; 0 means no limit.
    /// - Returns: its path.
    func saveCheckpoint(
        _ state: TrainingState, _ store: ParameterStore, _ firstMoments: [Float],
        _ secondMoments: [Float], limit: Int
    ) throws -> String {
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
