import Foundation
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
    /// The run whose weights were the first ones, as `--init-from` named it.
    public let initFrom: String?

    /// Describes a run on the feature dataset `dataset`.
    public init(
        options: TrainOptions, dataset: DatasetDescription, encoder: DatasetDescription.Encoder,
        qformer: QFormerConfiguration, modelReference: String, initFrom: String? = nil
    ) {
        self.initFrom = initFrom
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

    /// What differs from `other`, each with the value here.
    func differences(from other: RunConfiguration) throws -> [String] {
        guard other != self else { return [] }
        let (mine, others) = (try fields(), try other.fields())
        return Set(mine.keys).union(others.keys).sorted().filter { mine[$0] != others[$0] }
            .map { "\($0) was \(mine[$0] ?? "not set")" }
    }

    /// Its values by name, nested ones by their path.
    private func fields() throws -> [String: String] {
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
        let bytes = Data(try canonicalJSON(self))
        flatten(try JSONSerialization.jsonObject(with: bytes), "", into: &fields)
        return fields
    }
}
