import Crypto
import Foundation
import Recipes
import TestSupport
import Testing

@testable import Preprocessing

@Suite struct BicubicResizeTests {
    /// A width, a height and a side of the result.
    struct Shape: CustomStringConvertible {
        let width: Int
        let height: Int
        let size: Int
        var description: String { "\(width)×\(height) to \(size)" }
    }

    static let shapes: [Shape] = {
        var generator = SplitMix(state: 7)
        let random = (0..<40).map { _ in
            Shape(
                width: .random(in: 1...90, using: &generator),
                height: .random(in: 1...90, using: &generator),
                size: .random(in: 1...40, using: &generator))
        }
        return random + [
            Shape(width: 1, height: 1, size: 1), Shape(width: 1, height: 1, size: 17),
            Shape(width: 1, height: 5, size: 8), Shape(width: 5, height: 1, size: 8),
            Shape(width: 2, height: 3, size: 1), Shape(width: 16, height: 16, size: 16),
            Shape(width: 16, height: 31, size: 16), Shape(width: 31, height: 16, size: 16),
            Shape(width: 40, height: 71, size: 12), Shape(width: 40, height: 68, size: 12),
            Shape(width: 40, height: 69, size: 12), Shape(width: 1200, height: 3, size: 4),
            Shape(width: 3, height: 1200, size: 4),
        ]
    }()

    @Test(arguments: ResizeReference.names)
    func equalsPillow(name: String) throws {
        let reference = try ResizeReference(name: name)
        var resize = BicubicResize(
            sourceWidth: reference.width, sourceHeight: reference.height, size: 224)
        let result = resize.interleaved(reference.image.span)
        #expect(firstDifference(result, reference.resized) == nil)
    }

    /// The centre of a picture whose shorter edge was resized, as CLIP and DINOv2 see it.
    @Test(arguments: ResizeReference.names, [ResizeMode.crop(edge: nil), .crop(edge: 256)])
    func equalsTheCropOfTransformers(name: String, mode: ResizeMode) throws {
        struct Reference: Decodable { let pictures: [String: String] }
        let url = URL(fileURLWithPath: Fixtures.path("crop/reference.json"))
        let hashes = try JSONDecoder().decode(Reference.self, from: Data(contentsOf: url)).pictures
        let reference = try ResizeReference(name: name)
        var resize = BicubicResize(
            sourceWidth: reference.width, sourceHeight: reference.height, size: 224, mode: mode)
        let planes = planar(resize.interleaved(reference.image.span))
        let hash = SHA256.hash(data: planes).map { String(format: "%02x", $0) }.joined()
        #expect(hash == hashes["\(name) \(mode.rawValue)"])
    }

    @Test(arguments: shapes)
    func equalsTheDefinition(shape: Shape) {
        let image = randomBytes(shape.width * shape.height * 3, seed: 3)
        let extremes = image.map { $0 < 128 ? UInt8(0) : 255 }
        var resize = BicubicResize(
            sourceWidth: shape.width, sourceHeight: shape.height, size: shape.size)
        for picture in [image, extremes] {
            let expected = resizedByOracle(
                picture, width: shape.width, height: shape.height, size: shape.size)
            #expect(firstDifference(resize.interleaved(picture.span), expected) == nil)
        }
    }

    @Test func keepsAConstantPicture() {
        let image = [UInt8](repeating: 255, count: 61 * 47 * 3)
        var resize = BicubicResize(sourceWidth: 61, sourceHeight: 47, size: 20)
        #expect(resize.interleaved(image.span) == [UInt8](repeating: 255, count: 20 * 20 * 3))
    }

    @Test func writesPlanesOfItsSlotsOnly() {
        let image = randomBytes(13 * 11 * 3, seed: 5)
        var resize = BicubicResize(sourceWidth: 13, sourceHeight: 11, size: 6)
        let planes = planar(resize.interleaved(image.span))
        var clip = [UInt8](repeating: 77, count: 3 * 4 * 36)
        var span = clip.mutableSpan
        resize.resize(image.span, into: &span, slots: [3, 1], numFrames: 4)

        for slot in 0..<4 {
            for channel in 0..<3 {
                let plane = clip[((channel * 4 + slot) * 36)...].prefix(36)
                let expected = planes[(channel * 36)...].prefix(36)
                #expect(slot % 2 == 1 ? plane == expected : plane.allSatisfy { $0 == 77 })
            }
        }
    }

    @Test func writesNothingWithoutSlots() {
        let image = randomBytes(4 * 4 * 3, seed: 5)
        var resize = BicubicResize(sourceWidth: 4, sourceHeight: 4, size: 2)
        var clip = [UInt8](repeating: 9, count: 3 * 4)
        var span = clip.mutableSpan
        resize.resize(image.span, into: &span, slots: [], numFrames: 1)
        #expect(clip == [UInt8](repeating: 9, count: 3 * 4))
    }

    @Test func picturesDoNotInfluenceEachOther() {
        let first = randomBytes(30 * 22 * 3, seed: 1)
        let second = randomBytes(30 * 22 * 3, seed: 2)
        var reused = BicubicResize(sourceWidth: 30, sourceHeight: 22, size: 9)
        var fresh = reused
        _ = reused.interleaved(first.span)
        #expect(reused.interleaved(second.span) == fresh.interleaved(second.span))
    }

    @Test func rejectsASlotOutsideTheClip() async {
        await #expect(processExitsWith: .failure) {
            let image = [UInt8](repeating: 0, count: 12)
            var clip = [UInt8](repeating: 0, count: 12)
            var resize = BicubicResize(sourceWidth: 2, sourceHeight: 2, size: 2)
            var span = clip.mutableSpan
            resize.resize(image.span, into: &span, slots: [1], numFrames: 1)
        }
    }

    @Test func rejectsAPictureOfAnotherShape() async {
        await #expect(processExitsWith: .failure) {
            let image = [UInt8](repeating: 0, count: 15)
            var clip = [UInt8](repeating: 0, count: 12)
            var resize = BicubicResize(sourceWidth: 2, sourceHeight: 2, size: 2)
            var span = clip.mutableSpan
            resize.resize(image.span, into: &span, slots: [0], numFrames: 1)
        }
    }

    @Test func rejectsAClipOfAnotherSize() async {
        await #expect(processExitsWith: .failure) {
            let image = [UInt8](repeating: 0, count: 12)
            var clip = [UInt8](repeating: 0, count: 11)
            var resize = BicubicResize(sourceWidth: 2, sourceHeight: 2, size: 2)
            var span = clip.mutableSpan
            resize.resize(image.span, into: &span, slots: [0], numFrames: 1)
        }
    }

    @Test func rejectsAnEmptyPicture() async {
        await #expect(processExitsWith: .failure) {
            _ = BicubicResize(sourceWidth: 0, sourceHeight: 2, size: 2)
        }
    }
}

/// Says where two pictures differ first; comparing them whole would print every byte of a failure.
private func firstDifference(_ found: [UInt8], _ expected: [UInt8]) -> String? {
    guard found.count == expected.count else {
        return "\(found.count) bytes, not \(expected.count)"
    }
    return found.indices.first { found[$0] != expected[$0] }.map {
        "byte \($0) is \(found[$0]), not \(expected[$0])"
    }
}

private func randomBytes(_ count: Int, seed: UInt64) -> [UInt8] {
    var generator = SplitMix(state: seed)
    return (0..<count).map { _ in .random(in: 0...255, using: &generator) }
}

/// SplitMix64, so that every run sees the same pictures.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
