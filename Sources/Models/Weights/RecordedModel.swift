/// The encoder that a run or a dataset was made with.
public struct RecordedModel: Sendable, Equatable {
    /// The model's name in files that we write.
    public let name: String
    /// Where it was: an absolute path, `owner/name` or `preset:…`.
    public let path: String
    /// Its `contentHash`.
    public let hash: String

    /// Creates the record from its parts.
    public init(name: String, path: String, hash: String) {
        self.name = name
        self.path = path
        self.hash = hash
    }
}
