import Crypto
import Preprocessing
import Testing

@Suite struct PixelNormalizationTests {
    static let blip = PixelNormalization(
        imageMean: [0.48145466, 0.4578275, 0.40821073],
        imageStd: [0.26862954, 0.26130258, 0.27577711])

    @Test(arguments: ResizeReference.names)
    func equalsTheBlipProcessor(name: String) throws {
        let reference = try ResizeReference(name: name)
        var resize = BicubicResize(
            sourceWidth: reference.width, sourceHeight: reference.height, size: 224)
        var clip = [UInt8](repeating: 0, count: 3 * 224 * 224)
        var clipSpan = clip.mutableSpan
        resize.resize(reference.image.span, into: &clipSpan, slots: [0], numFrames: 1)
        var values = [Float](repeating: .nan, count: clip.count)
        var span = values.mutableSpan
        Self.blip.normalize(clip.span, into: &span)

        let corner = (0..<3).flatMap { channel in
            (0..<8).flatMap { row in values[((channel * 224 + row) * 224)...].prefix(8) }
        }
        #expect(corner == reference.normalizedCorner)
        let hash = values.withUnsafeBytes { SHA256.hash(data: $0) }
        #expect(Array(hash) == reference.normalizedHash)
    }

    @Test func everyChannelHasItsOwnMeanAndDeviation() {
        let normalization = PixelNormalization(
            imageMean: [0, 0.5], imageStd: [1, 0.25], rescaleFactor: 0.25)
        #expect(normalization.channelCount == 2)
        let pixels: [UInt8] = [0, 1, 4, 0, 1, 4]
        var values = [Float](repeating: .nan, count: 6)
        var span = values.mutableSpan
        normalization.normalize(pixels.span, into: &span)
        #expect(values == [0, 0.25, 1, -2, -1, 2])
    }

    @Test func takesNoPixels() {
        var values: [Float] = []
        var span = values.mutableSpan
        Self.blip.normalize([UInt8]().span, into: &span)
        #expect(values.isEmpty)
    }

    @Test func rejectsPixelsThatAreNoWholeChannels() async {
        await #expect(processExitsWith: .failure) {
            var values = [Float](repeating: 0, count: 4)
            var span = values.mutableSpan
            PixelNormalizationTests.blip.normalize(([0, 0, 0, 0] as [UInt8]).span, into: &span)
        }
    }

    @Test func rejectsValuesOfAnotherCount() async {
        await #expect(processExitsWith: .failure) {
            var values = [Float](repeating: 0, count: 2)
            var span = values.mutableSpan
            PixelNormalizationTests.blip.normalize(([0, 0, 0] as [UInt8]).span, into: &span)
        }
    }

    @Test func rejectsUnequalMeansAndDeviations() async {
        await #expect(processExitsWith: .failure) {
            _ = PixelNormalization(imageMean: [0, 0], imageStd: [1])
        }
    }
}
