/// The element types that tensors have in shards, all little-endian.
public enum ElementType: String, Sendable, Codable, CaseIterable {
    case uint8, float16, float32

    /// Bytes per element.
    public var size: Int {
        switch self {
        case .uint8: 1
        case .float16: 2
        case .float32: 4
        }
    }
}
