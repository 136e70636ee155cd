import Tensors

/// Questions about clips with frozen frame tokens, which are read clip by clip.
///
/// Every array has an element for each question.
public protocol FeatureDataset: Sendable {
    /// Frames times tokens per frame, T·L.
    var tokensPerClip: Int { get }
    /// Width of a token, D.
    var hiddenSize: Int { get }
    /// The output that stands for the right answer, as `ModelOutputs` counts them.
    var labels: [Int] { get }
    /// The key of the clip.
    var keys: [String] { get }
    /// The source video of the clip, as the manifest names it.
    var videos: [String] { get }
    /// The instruction; empty where the row has none.
    var prompts: [String] { get }
    /// Questions of one group, such as windows of one video, are not independent.
    var groups: [String] { get }
    /// The clip that the question is about, as a number; equal numbers mean equal tokens.
    var clipIndices: [Int] { get }

    /// Reads the features of the clip of question `index`, Float32 (T·L, D); every element of
    /// `values` is written.
    /// - Throws: Why they cannot be read.
    func readFeatures(of index: Int, into values: inout MutableSpan<Float>) throws

    /// When the frames of the clip of question `index` were shown, in seconds after the first of
    /// them; `nil` if that is not known.
    /// - Throws: Why it cannot be read.
    func frameTimes(of index: Int) throws -> [Double]?
}

extension FeatureDataset {
    /// Number of questions.
    public var count: Int { labels.count }

    /// The clips' keys stand for their videos.
    public var videos: [String] { keys }

    /// No row has an instruction.
    public var prompts: [String] { keys.map { _ in "" } }

    /// Each video is a group.
    public var groups: [String] { videos }

    /// Each question has a clip of its own.
    public var clipIndices: [Int] { Array(labels.indices) }

    /// Nothing is known.
    /// - Throws: Never.
    public func frameTimes(of index: Int) throws -> [Double]? { nil }

    /// Number of clips.
    public var numClips: Int { Set(clipIndices).count }

    /// The features of the clip of question `index`, Float32 (T·L, D).
    func features(of index: Int) throws -> [Float] {
        var values = [Float](repeating: 0, count: tokensPerClip * hiddenSize)
        var span = values.mutableSpan
        try readFeatures(of: index, into: &span)
        return values
    }
}
