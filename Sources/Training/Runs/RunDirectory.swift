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
    /// - Throws: `TrainingError.runExists` if a run is there and `overwrite` is not set,
    ///   `.lostConfiguration` if only its checkpoints are; `FileError.cannotCreate`, `.encoding` or `.system`.
    public init(
        creating path: String, configuration: RunConfiguration, overwrite: Bool
    ) throws {
        let hasConfiguration = fileExists("\(path)/config.json")
        if hasConfiguration || !Checkpoint.all(in: path).isEmpty {
            guard overwrite else {
                throw hasConfiguration
                    ? TrainingError.runExists(path: path)
                    : TrainingError.lostConfiguration(path: path)
            }
            for name in try namesInDirectory(path) where Self.isOurs(name) {
                try removeDirectory(at: "\(path)/\(name)")
            }
        }
        try makeDirectory(at: "\(path)/model")
        self.path = path
        self.configuration = configuration
        try publishFile(sealedJSON(configuration), at: "\(path)/config.json")
        try publishFile([], at: logPath)
    }

    /// Whether a file of that name in a run directory was written by a training.
    private static func isOurs(_ name: String) -> Bool {
        ["log.jsonl", "metrics.csv", "metrics.json", "report.html", "model", "wandb"].contains(name)
            || name == baselinesName || name.hasPrefix("predictions-")
            || Checkpoint.temporaryNames.contains(name) || name.hasPrefix("checkpoint-")
            || name.hasPrefix("events.out.tfevents.")
    }

    /// The run's checkpoints, oldest first.
    public var checkpoints: [Checkpoint] { Checkpoint.all(in: path) }

    /// Checks that the run was begun with `other`.
    /// - Throws: `TrainingError.otherOptions` that names what differs; `FileError.encoding`.
    public func requireSame(_ other: RunConfiguration) throws {
        let differences = try configuration.differences(from: other)
        guard differences.isEmpty else {
            throw TrainingError.otherOptions(path: path, differences: differences)
        }
    }

    /// Opens the run in `path`.
    /// - Throws: `TrainingError.notARun`; `FileError.damaged` if its `config.json` has changed,
    ///   `.system` if it cannot be read.
    public init(opening path: String) throws {
        self.path = path
        let file = "\(path)/config.json"
        guard fileExists(file) else {
            throw TrainingError.notARun(path: path, reason: "it has no config.json")
        }
        do throws(FileError) {
            configuration = try decodeSealedJSON(
                RunConfiguration.self, from: readFile(file, maximumSize: 1 << 28), path: file)
        } catch .decoding(let reason) {
            throw TrainingError.notARun(path: path, reason: "in its config.json \(reason)")
        }
        if let problem = configuration.problem {
            throw TrainingError.notARun(path: path, reason: "in its config.json \(problem)")
        }
    }

    /// Appends one line to `log.jsonl`.
    /// - Throws: `FileError.encoding` if a number is not finite, `.system`.
    public func appendLog(_ line: some Encodable) throws {
        try appendToFile(sealedJSON(line, pretty: false), at: logPath)
    }

    /// The evaluations made so far, by split and task.
    /// - Throws: `TrainingError.damagedMetrics`, `FileError.system`.
    public func metrics() throws -> [String: [String: SplitMetrics]] {
        guard fileExists(metricsPath) else { return [:] }
        let bytes = try readFile(metricsPath)
        let metrics = try? decodeSealedJSON(
            [String: [String: SplitMetrics]].self, from: bytes, path: metricsPath)
        let sizes = Dictionary(
            configuration.tasks.map { ($0.task, $0.classes.count) }, uniquingKeysWith: { $1 })
        guard let metrics,
            metrics.values.allSatisfy({ tasks in
                tasks.allSatisfy { $1.isPlausible(numClasses: sizes[$0] ?? 0) }
            })
        else { throw TrainingError.damagedMetrics(path: metricsPath, run: path) }
        return metrics
    }

    /// Adds the evaluation of `split` of `dataset` to `metrics.json` and writes its predictions,
    /// question by question.
    /// - Throws: `TrainingError.damagedMetrics`; `FileError.cannotCreate`, `.encoding` or
    ///   `.system`.
    public func record(
        _ result: EvaluationResult, split: Split, dataset: EvaluatedDataset
    ) throws {
        var metrics = try metrics()
        let predictions = [UInt8](result.csvLines.map { $0 + "\n" }.joined().utf8)
        let sha256 = sha256Hex(predictions)
        metrics[split.rawValue] = result.metrics(on: dataset).mapValues { metrics in
            var metrics = metrics
            metrics.predictionsSha256 = sha256
            return metrics
        }
        try publishFile(sealedJSON(metrics), at: metricsPath)
        try publishFile(predictions, at: predictionsPath(of: split))
        try ModelCard(of: self).publish()
    }

    /// Reads `predictions-SPLIT.csv`, whose checksum `metrics.json` holds; `nil` if `split` was not
    /// evaluated.
    /// - Throws: `FileError.damaged` if they have changed, `.system`;
    ///   `TrainingError.damagedMetrics`.
    public func predictions(of split: Split) throws -> [UInt8]? {
        guard let metrics = try metrics()[split.rawValue]?.values.first else { return nil }
        let path = predictionsPath(of: split)
        let bytes = try readFile(path)
        guard sha256Hex(bytes) == metrics.predictionsSha256 else {
            throw FileError.damaged(
                path: path,
                remedy: "Write it anew with `vbtrain evaluate \(self.path) --split "
                    + "\(split.rawValue)`.")
        }
        return bytes
    }

    /// Where the answers to the questions of `split` are.
    public func predictionsPath(of split: Split) -> String {
        "\(path)/predictions-\(split.rawValue).csv"
    }

    /// The lines of `log.jsonl` that are of `type`; an incomplete last line is skipped.
    /// - Throws: `FileError.damaged` if a line has changed, `.system`.
    public func logLines<Line: Decodable>(_ type: Line.Type) throws -> [Line] {
        guard fileExists(logPath) else { return [] }
        let lines = try readFile(logPath)
            .split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        return try lines.dropLast().enumerated().compactMap { number, line in
            do throws(FileError) {
                return try decodeSealedJSON(
                    type, from: line + [UInt8(ascii: "\n")],
                    path: "Line \(number + 1) of \(logPath)")
            } catch .decoding {
                return nil
            } catch .damaged(let path, _) {
                throw FileError.damaged(
                    path: path, remedy: "Put a copy back, or remove the line to do without it.")
            }
        }
    }
}

extension EvaluationResult {
    /// The CSV lines of `predictions-SPLIT.csv`: a header, then a line for each question, which
    /// ends with a probability for each output or, where these are many, that of the prediction.
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
