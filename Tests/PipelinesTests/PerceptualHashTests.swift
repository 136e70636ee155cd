import Foundation
import Shards
import Testing

@testable import Pipelines

struct PerceptualHashTests {
    /// UInt8 (3, 1, size, size) of a picture given by brightness at x, y in 0..<1.
    private func hash(size: Int, _ brightness: (Double, Double) -> Double) -> PerceptualHash {
        var pixels = [UInt8](repeating: 0, count: 3 * size * size)
        for channel in 0..<3 {
            for y in 0..<size {
                for x in 0..<size {
                    let value = brightness(Double(x) / Double(size), Double(y) / Double(size))
                    pixels[(channel * size + y) * size + x] = UInt8(max(0, min(255, value)))
                }
            }
        }
        return PerceptualHash(pixels: pixels.span, numFrames: 1, size: size)
    }

    private func waves(_ x: Double, _ y: Double) -> Double {
        128 + 60 * (x * 17).truncatingRemainder(dividingBy: 1) - 90
            * (y * x * 5).truncatingRemainder(dividingBy: 1)
    }

    @Test func survivesSizeAndBrightness() throws {
        let original = hash(size: 224, waves)
        #expect(try #require(bits(original, hash(size: 112, waves))) <= 4)
        #expect(try #require(bits(original, hash(size: 224) { waves($0, $1) + 30 })) <= 2)
        #expect(try #require(bits(original, hash(size: 224) { 255 - waves($0, $1) })) > 20)
    }

    @Test func readsWhatItWrites() throws {
        let original = hash(size: 64, waves)
        #expect(PerceptualHash(original.description) == original)
        #expect(PerceptualHash("0123") == nil && PerceptualHash("") == nil)
    }

    @Test func flatPicturesSayNothing() {
        #expect(!hash(size: 32) { _, _ in 77 }.isInformative)
        #expect(hash(size: 32) { x, _ in 255 * x }.isInformative)
    }

    @Test func leavesBlackBarsOut() throws {
        let original = hash(size: 224, waves)
        let letterboxed = hash(size: 224) { x, y in
            y < 0.125 || y >= 0.875 ? 3 : waves(x, (y - 0.125) / 0.75)
        }
        #expect(try #require(bits(original, letterboxed)) <= 4)
        // A picture that is dark for the most part is no picture between bars.
        let dark = hash(size: 224) { x, y in y < 0.6 ? 0 : 255 * x }
        #expect(dark.frames[0].nonzeroBitCount <= 32)
        #expect(hash(size: 224) { x, _ in 255 * x }.frames[0].nonzeroBitCount == 64)
    }

    private func bits(_ a: PerceptualHash, _ b: PerceptualHash) -> Int? {
        zip(a.frames, b.frames).map { ($0 ^ $1).nonzeroBitCount }.first
    }
}
