import Foundation
public import Shards

/// Which dataset, in which state, an evaluation was made on.
public struct EvaluatedDataset: Sendable, Codable, Equatable {
    /// The last component of its path.
    public let name: String
    /// Its `contentHash`.
    public let contentHash: String

    /// Names `dataset` as it is now.
    public init(_ dataset: Dataset) {
        self.init(
            name: URL(fileURLWithPath: dataset.directory).lastPathComponent,
            contentHash: dataset.description.contentHash)
    }

    init(name: String, contentHash: String) {
        self.name = name
        self.contentHash = contentHash
    }
}
