import Foundation
import Manifests
public import Models
public import Shards

/// What a run was made from; `config.json` of its directory.
public struct RunConfiguration: Sendable, Codable, Equatable {
    /// Version of the program that trains.
    public let programVersion: String
    /// The options of the training, as it was told.
    public let options: TrainOptions
    /// Class names by class index.
    public let classes: [String]
    /// Shape of the trained Q-Former.
    public let qformer: QFormerConfiguration
    /// How frames are taken from a video.
    public let settings: DatasetDescription.Settings
    /// The frozen encoder and the dataset its features come from.
    public let encoder: DatasetDescription.Encoder
    /// The encoder as `--model` finds it again.
    public let modelReference: String
    /// `contentHash` of the feature dataset.
    public let datasetHash: String
    /// Clips in the training split.
    public let trainingClips: Int

    /// Describes a run on the feature dataset `dataset`.
    public init(
        options: TrainOptions, dataset: DatasetDescription, encoder: DatasetDescription.Encoder,
        qformer: QFormerConfiguration, modelReference: String
    ) {
        programVersion = RunDirectory.programVersion
        self.options = options
        classes = dataset.classes
        self.qformer = qformer
        settings = dataset.settings
        self.encoder = encoder
        self.modelReference = modelReference
        datasetHash = dataset.contentHash
        trainingClips = dataset.splits["train"] ?? 0
    }
}

/// The evaluation of one split in `metrics.json`.
public struct SplitMetrics: Sendable, Codable, Equatable {
    /// Clips of the split.
    public let clips: Int
    /// Mean cross entropy.
    public let loss: Double
    /// Share of clips whose predicted class is the true one.
    public let accuracy: Double
    /// F1 of the classes weighted by support.
    public let f1Weighted: Double
    /// Unweighted mean of the classes' F1.
    public let f1Macro: Double
    /// Clips of true class (row) predicted as class (column).
    public let confusionMatrix: [[Int]]
    /// Precision, recall and F1 of each class, as scikit-learn prints them.
    public let report: String
    /// 95 % bootstrap intervals and calibration.
    public let statistics: ClassificationStatistics
    /// The clips with the largest loss, at most ten, worst first.
    public let hardestClips: [Clip]

    /// A clip that the model finds hard.
    public struct Clip: Sendable, Codable, Equatable {
        /// Sample key.
        public let key: String
        /// Cross entropy.
        public let loss: Double
    }

    /// Takes from an evaluation what `metrics.json` records.
    public init(_ result: EvaluationResult) {
        clips = result.labels.count
        loss = result.loss
        accuracy = result.metrics.accuracy
        f1Weighted = result.metrics.f1Weighted
        f1Macro = result.metrics.f1Macro
        confusionMatrix = result.metrics.confusionMatrix
        report = result.metrics.report
        statistics = result.statistics
        hardestClips = zip(result.keys, result.losses).sorted { ($1.1, $0.0) < ($0.1, $1.0) }
            .prefix(10).map { Clip(key: $0, loss: $1) }
    }
}

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
        try manager.createDirectory(atPath: "\(path)/model", withIntermediateDirectories: true)
        self.path = path
        self.configuration = configuration
        try publishFile(canonicalJSON(configuration), at: "\(path)/config.json")
        try publishFile([], at: logPath)
    }

    /// Whether a file of that name in a run directory was written by a training.
    private static func isOurs(_ name: String) -> Bool {
        ["log.jsonl", "metrics.json", "report.html", "model", Checkpoint.temporaryName]
            .contains(name) || name.hasPrefix("checkpoint-") || name.hasPrefix("predictions-")
            || name.hasPrefix("events.out.tfevents.")
    }

    /// The run's checkpoints, oldest first.
    public var checkpoints: [Checkpoint] { Checkpoint.all(in: path) }

    /// Checks that the run was begun with `other`.
    /// - Throws: `TrainingError.otherOptions` that names what differs.
    public func requireSame(_ other: RunConfiguration) throws {
        guard other != configuration else { return }
        let mine = try fields(of: configuration)
        let others = try fields(of: other)
        let differences = Set(mine.keys).union(others.keys).sorted().filter {
            mine[$0] != others[$0]
        }.map { "\($0) was \(mine[$0] ?? "not set")" }
        throw TrainingError.otherOptions(path: path, differences: differences)
    }

    /// The values of a configuration by name, nested ones by their path.
    private func fields(of configuration: RunConfiguration) throws -> [String: String] {
        func flatten(_ value: Any, _ name: String, into fields: inout [String: String]) {
            guard let nested = value as? [String: Any] else {
                fields[name] = "\(value)"
                return
            }
            for (key, value) in nested {
                flatten(value, name.isEmpty ? key : "\(name).\(key)", into: &fields)
            }
        }
        var fields: [String: String] = [:]
        let bytes = Data(try canonicalJSON(configuration))
        flatten(try JSONSerialization.jsonObject(with: bytes), "", into: &fields)
        return fields
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
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: logPath))
        defer { try? handle.close() }
        try handle.seekToEnd()
        try handle.write(contentsOf: Data(try canonicalJSON(line, pretty: false)))
    }

    /// Writes `model/`: weights under their Hugging Face names, configuration, classes, preprocessing.
    public func save(
        _ model: VideoClassifier, imageProcessor: ImageProcessorConfiguration,
        tokenizerFiles: [String] = []
    ) throws {
        struct HuggingFaceConfiguration: Encodable {
            struct QFormerSection: Encodable {
                let modelType: String
                let vocabSize: Int?
                let maxPositionEmbeddings: Int?
                let hiddenSize: Int
                let numHiddenLayers: Int
                let numAttentionHeads: Int
                let intermediateSize: Int
                let crossAttentionFrequency: Int
                let encoderHiddenSize: Int
                let layerNormEps: Float
                let useQformerTextInput = false
            }
            let modelType: String
            let numQueryTokens: Int
            let qformerConfig: QFormerSection
            let numLabels: Int
            let visionEncoder: DatasetDescription.Encoder
        }
        struct Preprocessor: Encodable {
            struct Size: Encodable {
                let height: Int
                let width: Int
            }
            let imageProcessorType = "BlipImageProcessor"
            let imageMean: [Float]
            let imageStd: [Float]
            let rescaleFactor: Double
            let resample: Int
            let size: Size
        }
        let shape = configuration.qformer
        let files: [(String, [UInt8])] = [
            (
                "config.json",
                try canonicalJSON(
                    HuggingFaceConfiguration(
                        modelType: shape.text == nil ? "blip-2" : "instructblip",
                        numQueryTokens: shape.numQueryTokens,
                        qformerConfig: .init(
                            modelType: shape.text == nil
                                ? "blip_2_qformer" : "instructblip_qformer",
                            vocabSize: shape.text?.vocabularySize,
                            maxPositionEmbeddings: shape.text?.maxPositions,
                            hiddenSize: shape.hiddenSize, numHiddenLayers: shape.numHiddenLayers,
                            numAttentionHeads: shape.numAttentionHeads,
                            intermediateSize: shape.intermediateSize,
                            crossAttentionFrequency: shape.crossAttentionFrequency,
                            encoderHiddenSize: shape.encoderHiddenSize,
                            layerNormEps: shape.layerNormEpsilon),
                        numLabels: configuration.classes.count,
                        visionEncoder: configuration.encoder))
            ),
            ("classes.json", try canonicalJSON(configuration.classes)),
            (
                "preprocessor_config.json",
                try canonicalJSON(
                    Preprocessor(
                        imageMean: imageProcessor.imageMean, imageStd: imageProcessor.imageStd,
                        rescaleFactor: imageProcessor.rescaleFactor,
                        resample: imageProcessor.resample,
                        size: .init(
                            height: imageProcessor.imageSize, width: imageProcessor.imageSize)))
            ),
        ]
        let folder = "\(path)/model"
        for (name, bytes) in files { try publishFile(bytes, at: "\(folder)/\(name)") }
        for file in tokenizerFiles {
            guard let data = FileManager.default.contents(atPath: file) else { continue }
            let name = (file as NSString).lastPathComponent
            try publishFile([UInt8](data), at: "\(folder)/\(name)")
        }
        try writeSafetensors(
            model.store.parameters, parts: [("", model.store.values)], to: weightsPath)
    }

    /// The model with the best weights.
    /// - Throws: `TrainingError.notARun` if there are none yet, `ModelError`.
    public func loadModel() throws -> VideoClassifier {
        var model = VideoClassifier(
            configuration: configuration.qformer, numClasses: configuration.classes.count,
            seed: configuration.options.seed)
        try loadModel(into: &model)
        return model
    }

    /// Replaces the weights of `model`, which has the same shape, by the best ones.
    /// - Throws: `TrainingError.notARun` if there are none yet, `ModelError`.
    public func loadModel(into model: inout VideoClassifier) throws {
        guard FileManager.default.fileExists(atPath: weightsPath) else {
            throw TrainingError.notARun(path: path, reason: "it has no model/model.safetensors")
        }
        try model.load(from: SafetensorsFile(path: weightsPath))
    }

    /// How the run's model reads clips.
    /// - Throws: `TrainingError.noTokenizer`, `ModelError`.
    public func reading(prompt: String? = nil) throws -> ClipReading {
        try ClipReading(
            precision: configuration.options.precision, qformer: configuration.qformer,
            tokenizer: configuration.qformer.text == nil
                ? nil : WordPieceTokenizer.find(in: "\(path)/model"),
            defaultPrompt: prompt ?? configuration.options.prompt)
    }

    /// Empties `log.jsonl`.
    public func clearLog() throws { try publishFile([], at: logPath) }

    /// The evaluations made so far, by split.
    public func metrics() -> [String: SplitMetrics] {
        guard let data = FileManager.default.contents(atPath: metricsPath) else { return [:] }
        return (try? decodeJSON([String: SplitMetrics].self, from: [UInt8](data))) ?? [:]
    }

    /// Adds the evaluation of `split` to `metrics.json` and writes its predictions, clip by clip.
    ///
    /// `videos` are the source videos of the clips.
    public func record(_ result: EvaluationResult, split: String, videos: [String]) throws {
        var metrics = metrics()
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
