import Files
import Manifests
public import Recipes

/// A run on disk: configuration, log, best weights, metrics, predictions, report.
public struct RunDirectory: Sendable {
    /// Version of the programs that write runs.
    public static let programVersion = "0.1.0"

    /// Path of the directory, as given.
    public let path: String
    /// The content of its `config.json`.
    public let configuration: RunConfiguration

    var logPath: String { "\(path)/log.jsonl" }
    private var metricsPath: String { "\(path)/metrics.json" }
    var weightsPath: String { "\(path)/model/model.safetensors" }

    /// Starts a new run in `path`.
    /// - Throws: `TrainingError.runExists` if a run is there and `overwrite` is not set.
    public init(
        creating path: String, configuration: RunConfiguration, overwrite: Bool
    ) throws {
        if fileExists("\(path)/config.json") {
            guard overwrite else { throw TrainingError.runExists(path: path) }
            for name in try namesInDirectory(path) where Self.isOurs(name) {
                try removeDirectory(at: "\(path)/\(name)")
            }
        }
        try makeDirectory(at: "\(path)/model")
        self.path = path
        self.configuration = configuration
        try publishFile(canonicalJSON(configuration), at: "\(path)/config.json")
        try publishFile([], at: logPath)
    }

    /// Whether a file of that name in a run directory was written by a training.
    private static func isOurs(_ name: String) -> Bool {
        ["log.jsonl", "metrics.json", "report.html", "model"].contains(name)
            || Checkpoint.temporaryNames.contains(name) || name.hasPrefix("checkpoint-")
            || name.hasPrefix("predictions-")
            || name.hasPrefix("events.out.tfevents.")
    }

    /// The run's checkpoints, oldest first.
    public var checkpoints: [Checkpoint] { Checkpoint.all(in: path) }

    /// Checks that the run was begun with `other`.
    /// - Throws: `TrainingError.otherOptions` that names what differs.
    public func requireSame(_ other: RunConfiguration) throws {
        let differences = try configuration.differences(from: other)
        guard differences.isEmpty else {
            throw TrainingError.otherOptions(path: path, differences: differences)
        }
    }

    /// Opens the run in `path`.
    public init(opening path: String) throws {
        self.path = path
        let file = "\(path)/config.json"
        guard fileExists(file) else {
            throw TrainingError.notARun(path: path, reason: "it has no config.json")
        }
        let bytes = try readFile(file)
        do {
            configuration = try decodeJSON(RunConfiguration.self, from: bytes)
        } catch {
            throw TrainingError.notARun(
                path: path, reason: "its config.json lacks fields or has unknown values")
        }
    }

    /// Appends one line to `log.jsonl`.
    public func appendLog(_ line: some Encodable) throws {
        try appendToFile(canonicalJSON(line, pretty: false), at: logPath)
    }

    /// Empties `log.jsonl`.
    public func clearLog() throws { try publishFile([], at: logPath) }

    /// The evaluations made so far, by split and task.
    /// - Throws: `TrainingError.damagedMetrics`, `FileError`.
    public func metrics() throws -> [String: [String: SplitMetrics]] {
        guard fileExists(metricsPath) else { return [:] }
        let bytes = try readFile(metricsPath)
        do {
            return try decodeJSON([String: [String: SplitMetrics]].self, from: bytes)
        } catch {
            throw TrainingError.damagedMetrics(path: metricsPath, run: path)
        }
    }

    /// Adds the evaluation of `split` of `dataset` to `metrics.json` and writes its predictions,
    /// question by question.
    public func record(
        _ result: EvaluationResult, split: Split, dataset: EvaluatedDataset
    ) throws {
        var metrics = try metrics()
        metrics[split.rawValue] = result.metrics(on: dataset)
        try publishFile(canonicalJSON(metrics), at: metricsPath)
        let lines = result.csvLines.map { $0 + "\n" }.joined()
        try publishFile([UInt8](lines.utf8), at: "\(path)/predictions-\(split.rawValue).csv")
    }

    /// The lines of `log.jsonl` that are of `type`.
    func logLines<Line: Decodable>(_ type: Line.Type) -> [Line] {
        let bytes = (try? readFile(logPath)) ?? []
        return bytes.split(separator: UInt8(ascii: "\n")).compactMap {
            try? decodeJSON(type, from: [UInt8]($0))
        }
    }
}

extension EvaluationResult {
    /// The CSV lines of `predictions-SPLIT.csv`: a header, then a line for each question, at whose end
    /// stands a probability for each output or, where these are many, that of the prediction.
    fileprivate var csvLines: [String] {
        let columns = ["key", "video", "task", "prompt", "label", "prediction", "loss"]
        let isShort = outputs.count > AnsweredQuestion.maximumOutputs
        return [csvRecord(columns + (isShort ? ["confidence"] : outputs.names))]
            + questions.map { question in
                let task = outputs.tasks[question.task]
                return csvRecord(
                    [
                        question.key, question.video, task.task, question.prompt,
                        task.classes[question.label], task.classes[question.prediction],
                        "\(question.loss)",
                    ] + (isShort ? [question.confidence] : question.probabilities).map { "\($0)" })
            }
    }
}
