import Foundation
import Recipes
import Testing

@testable import Models

@Suite("Position interpolation")
struct PositionInterpolationTests {
    /// Two channels on a grid of 4 × 4, after CLS: sin 1.7k and cos 0.9k for patch k.
    private let positions: [Float] =
        [7, 8] + (0..<16).flatMap { [Float(sin(1.7 * Double($0))), Float(cos(0.9 * Double($0)))] }

    /// PyTorch 2.15, `interpolate(size=(n, n), mode="bicubic", align_corners=False)`.
    static let references: [(Int, [Float])] = [
        (2, [0.702718, 0.046354, -0.764505, 0.299972, 0.637935, 0.301635, -0.523943, -0.2406]),
        (
            3,
            [
                0.216974, 0.683158, 0.46695, 0.24325, -0.829595, -0.53326, 0.723891, -0.269792,
                -0.173954, -0.357005, -0.495668, 0.049798, 0.85444, 0.025999, -0.724416, 0.695146,
                0.095967, 0.402367,
            ]
        ),
    ]

    @Test("gives what PyTorch gives", arguments: references)
    func equalsPyTorch(size: Int, expected: [Float]) {
        let found = interpolatedPositions(positions, width: 2, from: 4, to: size)
        #expect(found.count == 2 * (1 + size * size))
        #expect(zip(found.dropFirst(2), expected).allSatisfy { abs($0 - $1) < 2e-6 })
    }

    @Test("repeats the edges where there are more patches than positions")
    func enlarges() {
        let found = interpolatedPositions(positions, width: 2, from: 4, to: 6)
        let corners = [found[2], found[3], found[72], found[73]]
        let expected: [Float] = [-0.134153, 1.205516, 0.522593, 0.685422]
        #expect(zip(corners, expected).allSatisfy { abs($0 - $1) < 2e-6 })
    }

    @Test("leaves CLS and an equal grid as they are")
    func keepsWhatFits() {
        #expect(interpolatedPositions(positions, width: 2, from: 4, to: 4) == positions)
        #expect(Array(interpolatedPositions(positions, width: 2, from: 4, to: 2)[..<2]) == [7, 8])
    }

    @Test("is refused for pictures that patches do not fill")
    func refusesOddSizes() throws {
        let model = try ModelDirectory.resolve("preset:tiny")
        #expect(throws: ModelError.invalidPictureSize(30, patchSize: 14)) {
            try model.interpolatingPositions(to: 30)
        }
    }

    @Test("changes neither the model's hash nor its width")
    func keepsTheHash() throws {
        let model = try ModelDirectory.resolve("preset:tiny")
        let smaller = try model.interpolatingPositions(to: 14)
        #expect(try smaller.contentHash() == model.contentHash())
        #expect(smaller.frameShape(.all) == [2, 48])
        #expect(try smaller.makeVisionTransformer().numTokens == 2)
    }
}
