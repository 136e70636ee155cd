import Files
import Foundation
public import Models
public import Recipes
public import Shards

/// What a run was made from; `config.json` of its directory.
public struct RunConfiguration: Sendable, Codable, Equatable {
    /// Version of the program that trains.
    public let programVersion: String
    /// The options of the training, as given.
    public let options: TrainOptions
    /// The possible answers of each task.
    public let tasks: [AnswerSet]
    /// Shape of the trained Q-Former.
    public let qformer: QFormerConfiguration
    /// How clips become pixels.
    public let clipRecipe: ClipRecipe
    /// How pixels become features.
    public let featureRecipe: FeatureRecipe
    /// Name of the frozen encoder.
    public let model: String
    /// The encoder as `--model` finds it again: an absolute path, `owner/name` or `preset:…`.
    public private(set) var modelPath: String
    /// Absolute path of the feature dataset.
    public private(set) var datasetPath: String
    /// `contentHash` of the feature dataset.
    public let datasetHash: String
    /// What to know of the dataset's splits.
    public let splitRemarks: DatasetDescription.SplitRemarks
    /// Questions in the training split.
    public let trainingQuestions: Int
    /// Clips that these are about.
    public let trainingClips: Int
    /// The run whose weights the training started from, as `--init-from` named it.
    public let initFrom: String?

    /// Describes a run on the feature dataset `dataset`.
    /// - Parameters:
    ///   - options: The options of the training.
    ///   - dataset: The feature dataset.
    ///   - training: Its training split.
    ///   - modelPath: The encoder as `--model` finds it again.
    ///   - qformer: Shape of the Q-Former.
    ///   - initFrom: The run whose weights the training starts from.
    /// - Throws: `ShardError.notADataset` if the dataset does not say what its features were made
    ///   with.
    public init(
        options: TrainOptions, dataset: Dataset, training: some FeatureDataset, modelPath: String,
        qformer: QFormerConfiguration, initFrom: String? = nil
    ) throws(ShardError) {
        let description = dataset.description
        guard let recipe = description.featureRecipe, let model = description.model else {
            throw .notADataset(
                path: dataset.directory, reason: "it does not say what its features were made with")
        }
        programVersion = RunDirectory.programVersion
        self.options = options
        tasks = description.tasks
        self.qformer = qformer
        clipRecipe = description.clipRecipe
        featureRecipe = recipe
        self.model = model
        self.modelPath = modelPath
        datasetPath = absolutePath(dataset.directory)
        datasetHash = description.contentHash
        splitRemarks = description.splitRemarks
        trainingQuestions = training.count
        trainingClips = training.numClips
        self.initFrom = initFrom
    }

    /// The answers that the run's model can give.
    public var outputs: ModelOutputs { ModelOutputs(tasks) }

    /// The frozen encoder, as `ModelDirectory.resolve` finds and checks it.
    public var recordedModel: RecordedModel {
        RecordedModel(name: model, path: modelPath, hash: featureRecipe.modelHash)
    }

    /// What differs from `other`, each with the value here.
    ///
    /// Where dataset and encoder lie is no difference: their hashes say what they are.
    func differences(from other: RunConfiguration) throws -> [String] {
        var other = other
        other.modelPath = modelPath
        other.datasetPath = datasetPath
        guard other != self else { return [] }
        let (mine, others) = (try fields(), try other.fields())
        return Set(mine.keys).union(others.keys).sorted().filter { mine[$0] != others[$0] }
            .map { "\($0) was \(mine[$0] ?? "not set")" }
    }

    /// Its values by name, nested ones by their path.
    /// - Throws: `FileError.encoding` if a number is not finite.
    public func fields() throws -> [String: String] {
        func flatten(_ value: Any, _ name: String, into fields: inout [String: String]) {
            let prefix = name.isEmpty ? "" : "\(name)."
            if let nested = value as? [String: Any] {
                for (key, value) in nested { flatten(value, prefix + key, into: &fields) }
            } else if let list = value as? [Any], list.contains(where: { $0 is [String: Any] }) {
                for (index, value) in list.enumerated() {
                    flatten(value, "\(prefix)\(index)", into: &fields)
                }
            } else {
                fields[name] = "\(value)"
            }
        }
        var fields: [String: String] = [:]
        let bytes = Data(try canonicalJSON(self))
        flatten(try JSONSerialization.jsonObject(with: bytes), "", into: &fields)
        return fields
    }

    /// Each option of the training, then everything else, by name and as JSON.
    func jsonByName() throws -> [(name: String, json: String)] {
        let object = try JSONSerialization.jsonObject(with: Data(canonicalJSON(self)))
        var fields = object as? [String: Any] ?? [:]
        let options = fields.removeValue(forKey: "options") as? [String: Any] ?? [:]
        fields.merge(options) { other, _ in other }
        return try fields.sorted { $0.key < $1.key }.map { name, value in
            let json = try JSONSerialization.data(
                withJSONObject: value, options: [.fragmentsAllowed, .sortedKeys])
            return (name, String(decoding: json, as: UTF8.self))
        }
    }
}
