/// Which tokens of a frame are kept for training.
public enum TokenSelection: String, Sendable, Codable, CaseIterable {
    /// CLS and every patch.
    case all
    /// CLS alone.
    case cls
    /// CLS and the means of 2 × 2 neighbouring patches; at an odd edge, of the patches that exist.
    case pool2
}
