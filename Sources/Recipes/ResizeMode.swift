/// How a picture becomes a square.
public enum ResizeMode: Sendable, Hashable, Codable, RawRepresentable {
    /// Resizes straight to the square, ignoring the aspect ratio: BLIP.
    case squash
    /// Resizes the shorter edge to `edge` pixels, or to the square's if `nil`, then crops the
    /// centre: CLIP, DINOv2.
    case crop(edge: Int?)

    /// Reads `squash`, `crop` or `crop:EDGE`.
    public init?(rawValue: String) {
        switch rawValue {
        case "squash": self = .squash
        case "crop": self = .crop(edge: nil)
        default:
            guard rawValue.hasPrefix("crop:"), let edge = Int(rawValue.dropFirst(5)),
                1...16384 ~= edge
            else { return nil }
            self = .crop(edge: edge)
        }
    }

    /// `squash`, `crop` or `crop:EDGE`.
    public var rawValue: String {
        switch self {
        case .squash: "squash"
        case .crop(nil): "crop"
        case .crop(let edge?): "crop:\(edge)"
        }
    }

    /// Width and height of the picture before `size` × `size` pixels are cut from it.
    ///
    /// Source: transformers, `get_resize_output_image_size`: the longer edge is rounded down.
    /// - Precondition: `width` and `height` are at least 1.
    public func extent(width: Int, height: Int, size: Int) -> (width: Int, height: Int) {
        guard case .crop(let edge) = self else { return (size, size) }
        let short = edge ?? size
        let long = Int(Double(short * max(width, height)) / Double(min(width, height)))
        return width <= height ? (short, long) : (long, short)
    }
}
