/// Number format of a frozen encoder's matrix products.
public enum VisionPrecision: String, Sendable, Codable, CaseIterable {
    case float32
    case bfloat16
    /// Products in int8 with a scale for each token and each output; attention and the blocks that
    /// are sensitive to rounding stay in bfloat16.
    case int8
}
