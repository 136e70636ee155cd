/// Clips with their frozen frame tokens and classes, read one by one.
public protocol FeatureDataset: Sendable {
    /// Number of clips.
    var count: Int { get }
    /// Frames times tokens per frame, T·L.
    var tokensPerClip: Int { get }
    /// Width of a token, D.
    var hiddenSize: Int { get }
    /// The class index of each clip.
    var labels: [Int] { get }
    /// The key of each clip.
    var keys: [String] { get }

    /// Reads the features of clip `index`, Float32 (T·L, D), to `values` from `offset` on.
    func readFeatures(of index: Int, into values: inout [Float], at offset: Int) throws
}

extension FeatureDataset {
    /// The features of several clips, Float32 (B, T·L, D).
    func features(of indices: ArraySlice<Int>) throws -> [Float] {
        let size = tokensPerClip * hiddenSize
        var values = [Float](repeating: 0, count: indices.count * size)
        for (position, index) in indices.enumerated() {
            try readFeatures(of: index, into: &values, at: position * size)
        }
        return values
    }
}
