import Tensors

/// Clips with their frozen frame tokens and classes, read one by one.
public protocol FeatureDataset: Sendable {
    /// Frames times tokens per frame, T·L.
    var tokensPerClip: Int { get }
    /// Width of a token, D.
    var hiddenSize: Int { get }
    /// The class index of each clip.
    var labels: [Int] { get }
    /// The key of each clip.
    var keys: [String] { get }
    /// The instruction of each clip; empty where its row has none.
    var prompts: [String] { get }

    /// Reads the features of clip `index`, Float32 (T·L, D); every element of `values` is written.
    func readFeatures(of index: Int, into values: inout MutableSpan<Float>) throws
}

extension FeatureDataset {
    /// Number of clips.
    public var count: Int { labels.count }

    /// No clip has a prompt.
    public var prompts: [String] { keys.map { _ in "" } }

    /// The features of clip `index`, Float32 (T·L, D).
    func features(of index: Int) throws -> [Float] {
        var values = [Float](repeating: 0, count: tokensPerClip * hiddenSize)
        var span = values.mutableSpan
        try readFeatures(of: index, into: &span)
        return values
    }
}
