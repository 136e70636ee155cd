import Foundation
import Manifests
import Models
import Shards

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
        let manager = FileManager.default
        if manager.fileExists(atPath: "\(path)/config.json") {
            guard overwrite else { throw TrainingError.runExists(path: path) }
            for name in try manager.contentsOfDirectory(atPath: path) where Self.isOurs(name) {
                try manager.removeItem(atPath: "\(path)/\(name)")
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
        guard let data = FileManager.default.contents(atPath: "\(path)/config.json") else {
            throw TrainingError.notARun(path: path, reason: "it has no config.json")
        }
        do {
            configuration = try decodeJSON(RunConfiguration.self, from: [UInt8](data))
        } catch {
            throw TrainingError.notARun(path: path, reason: "its config.json lacks fields")
        }
    }

    /// Appends one line to `log.jsonl`.
    public func appendLog(_ line: some Encodable) throws {
        try appendToFile(canonicalJSON(line, pretty: false), at: logPath)
    }

    /// Empties `log.jsonl`.
    public func clearLog() throws { try publishFile([], at: logPath) }

    /// The evaluations made so far, by split.
    /// - Throws: `TrainingError.damagedMetrics`.
    public func metrics() throws(TrainingError) -> [String: SplitMetrics] {
        guard let data = FileManager.default.contents(atPath: metricsPath) else { return [:] }
        do {
            return try decodeJSON([String: SplitMetrics].self, from: [UInt8](data))
        } catch {
            throw .damagedMetrics(path: metricsPath, run: path)
        }
    }

    /// Adds the evaluation of `split` to `metrics.json` and writes its predictions, clip by clip.
    ///
    /// `videos` are the source videos of the clips.
    public func record(_ result: EvaluationResult, split: String, videos: [String]) throws {
        var metrics = try metrics()
        metrics[split] = SplitMetrics(result)
        try publishFile(canonicalJSON(metrics), at: metricsPath)

        let header = ["key", "video", "label", "prediction", "loss"] + configuration.classes
        var lines = [csvRecord(header)]
        for (index, key) in result.keys.enumerated() {
            var fields = [
                key, videos[index], configuration.classes[result.labels[index]],
                configuration.classes[result.predictions[index]], "\(result.losses[index])",
            ]
            fields += result.probabilities[index].map { "\($0)" }
            lines.append(csvRecord(fields))
        }
        try publishFile(
            [UInt8]((lines.joined(separator: "\n") + "\n").utf8),
            at: predictionsPath(split: split))
    }

    /// Where the predictions of `split` are: one row per clip, with a probability per class.
    func predictionsPath(split: String) -> String { "\(path)/predictions-\(split).csv" }

    /// The lines of `log.jsonl` that are of `type`.
    func logLines<Line: Decodable>(_ type: Line.Type) -> [Line] {
        let text = (try? String(contentsOfFile: logPath, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").compactMap {
            try? decodeJSON(type, from: [UInt8]($0.utf8))
        }
    }
}
