import Recipes
import Testing

@testable import Pipelines

struct RecentFramesTests {
    /// A frame of 3 × 1 × 1 values.
    private func frame(_ value: UInt8) -> StoredFrame {
        StoredFrame.frames(
            of: [value, 0, 0].span, elementType: .uint8, numFrames: 1, imageSize: 1)[0]
    }

    private func features(_ value: UInt8) -> RecentFrames.Features {
        RecentFrames.Features(halves: [UInt16(value)], numUnstorable: 0)
    }

    @Test func encodesAFrameThatComesAgainOnce() {
        let recent = RecentFrames()
        let first = recent.features(of: frame(1)) { features(1) }
        let again = recent.features(of: frame(1)) { features(9) }
        let other = recent.features(of: frame(2)) { features(2) }
        #expect(first.isNew && !again.isNew && other.isNew)
        #expect(again.features.halves == [1] && other.features.halves == [2])
    }

    @Test func forgetsTheOldestAboveTheLimit() {
        let recent = RecentFrames(maxBytes: 4)
        for value: UInt8 in [1, 2, 3] { _ = recent.features(of: frame(value)) { features(value) } }
        #expect(!recent.features(of: frame(3)) { features(3) }.isNew)
        #expect(!recent.features(of: frame(2)) { features(2) }.isNew)
        #expect(recent.features(of: frame(1)) { features(1) }.isNew)
    }
}
