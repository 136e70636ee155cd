import CFFmpeg

/// How a coded picture is turned to be upright: a permutation of its pixels.
struct Orientation: Sendable, Equatable {
    /// Counterclockwise turn in degrees, as ffprobe prints it: 0, 90, 180 or 270.
    var rotation = 0
    /// Whether the turned picture is then mirrored left to right.
    var mirrored = false

    /// The picture as it is coded.
    static let upright = Orientation()

    init(rotation: Int = 0, mirrored: Bool = false) {
        self.rotation = rotation
        self.mirrored = mirrored
    }

    /// Reads a display matrix: rows (a, b, u), (c, d, v), (x, y, w); `nil` is upright.
    ///
    /// A matrix that also shears or turns by other angles is taken as the nearest quarter turn.
    /// Source: `libavutil/display.h`; the picture's point (x, y) is shown at (ax + cy, bx + dy),
    /// y downwards.
    init(displayMatrix matrix: UnsafePointer<Int32>?) {
        guard let matrix = unsafe matrix else { return }
        let (a, b) = unsafe (Double(matrix[0]), Double(matrix[1]))
        let (c, d) = unsafe (Double(matrix[3]), Double(matrix[4]))
        mirrored = a * d - b * c < 0
        // Undo the mirror image, then look where the x axis points.
        let (right, down) = mirrored ? (-a, b) : (a, b)
        if abs(right) >= abs(down) {
            rotation = right < 0 ? 180 : 0
        } else {
            rotation = down > 0 ? 270 : 90
        }
    }

    /// The size of the turned picture.
    func size(width: Int, height: Int) -> (width: Int, height: Int) {
        rotation % 180 == 0 ? (width, height) : (height, width)
    }

    /// Copies `source`, rows of `stride` bytes, to `destination` without padding.
    ///
    /// - Precondition: `source.count >= stride * height`, `stride >= 3 * width`,
    ///   `destination.count == width * height * 3`.
    /// - Parameters:
    ///   - source: UInt8 (H, stride), of which the first 3 · W of each row are pixels.
    ///   - width: W of the coded picture.
    ///   - height: H of the coded picture.
    ///   - stride: Bytes from one row to the next.
    ///   - destination: UInt8 (H′, W′, 3), every element is written.
    func apply(
        to source: Span<UInt8>, width: Int, height: Int, stride: Int,
        into destination: inout MutableSpan<UInt8>
    ) {
        precondition(stride >= 3 * width && source.count >= stride * height)
        precondition(destination.count == width * height * 3)
        let turned = size(width: width, height: height)
        // Steps in `source` for one pixel to the right and one down in the turned picture.
        var (origin, right, down) =
            switch rotation {
            case 90: ((width - 1) * 3, stride, -3)
            case 180: ((height - 1) * stride + (width - 1) * 3, -3, -stride)
            case 270: ((height - 1) * stride, -stride, 3)
            default: (0, 3, stride)
            }
        if mirrored {
            origin += right * (turned.width - 1)
            right = -right
        }
        // The usual case, kept apart because such rows are copied 16 bytes and more at once.
        if right == 3 {
            for row in 0..<turned.height {
                let from = origin + row * down
                let pixels = source.extracting(from..<from + 3 * width)
                for byte in pixels.indices { destination[row * 3 * width + byte] = pixels[byte] }
            }
            return
        }
        var target = 0
        for row in 0..<turned.height {
            var from = origin + row * down
            for _ in 0..<turned.width {
                destination[target] = source[from]
                destination[target + 1] = source[from + 1]
                destination[target + 2] = source[from + 2]
                target += 3
                from += right
            }
        }
    }
}
