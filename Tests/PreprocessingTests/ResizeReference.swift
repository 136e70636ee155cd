import Foundation
import TestSupport

/// A picture of `Tests/Fixtures/golden/resize` and what Pillow and transformers make of it.
struct ResizeReference: CustomStringConvertible {
    /// "HxW", the name of the file.
    let description: String
    let height: Int
    let width: Int
    /// UInt8 (H, W, 3).
    let image: [UInt8]
    /// UInt8 (224, 224, 3).
    let resized: [UInt8]
    /// SHA-256 of the normalised float32 (3, 224, 224).
    let normalizedHash: [UInt8]
    /// Float (3, 8, 8), the top-left corner of the normalised picture.
    let normalizedCorner: [Float]

    static let names = [
        "1x1", "9x7", "144x176", "224x224", "225x223", "240x320", "251x333", "272x640", "448x448",
        "500x100",
    ]

    init(name: String) throws {
        let file = try SafetensorsFixture(
            path: Fixtures.path("golden/resize/\(name).safetensors"))
        let shape = file.shape(of: "image")
        description = name
        height = shape[0]
        width = shape[1]
        image = file.bytes(of: "image")
        resized = file.bytes(of: "resized")
        normalizedHash = file.bytes(of: "pixel_values_sha256")
        normalizedCorner = file.floats(of: "pixel_values_corner")
    }
}

/// `pixels` (H·W, 3) as planes (3, H·W).
func planar(_ pixels: [UInt8]) -> [UInt8] {
    (0..<3).flatMap { channel in
        stride(from: channel, to: pixels.count, by: 3).map { pixels[$0] }
    }
}
