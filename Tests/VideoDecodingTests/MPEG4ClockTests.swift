import Testing

@testable import VideoDecoding

/// Headers of a stream with placeholders, whose groups of pictures set the clock back.
struct MPEG4ClockTests {
    private let headers = MPEG4Headers()

    /// The part of a video object layer after its start code.
    private func layer() throws -> MPEG4VideoObjectLayer {
        var bits = BitReader([
            0x08, 0xd4, 0xf8, 0x58, 0x4d, 0x08, 0x00, 0x65, 0x03, 0x04, 0x0c, 0x14, 0x10, 0x3f,
        ])
        return try #require(MPEG4VideoObjectLayer(&bits))
    }

    private func picture(_ bytes: [UInt8]) throws -> MPEG4VideoObjectPlane {
        var bits = BitReader(bytes)
        return try #require(MPEG4VideoObjectPlane(&bits, layer: layer(), headers: headers))
    }

    /// libavcodec keeps the time between references in 16 bits without a sign.
    @Test func decodesPicturesAfterTheClockWasSetBack() throws {
        let resolution = try layer().timeResolution
        var clock = MPEG4Clock()
        func group(_ bytes: [UInt8]) {
            var bits = BitReader(bytes)
            clock.readGroup(&bits)
        }
        func advance(_ bytes: [UInt8]) throws -> Bool {
            try clock.advance(to: picture(bytes), resolution: resolution)
        }
        let intra: [UInt8] = [0x28, 0x60, 0xad, 0x85, 0x1f, 0x8f, 0x47, 0xc9]
        let disposable: [UInt8] = [0x9a, 0xc1, 0x49, 0xcf, 0x98, 0x26, 0x52, 0xe8]
        group([0x00, 0x10, 0x47, 0x00])
        #expect(try advance(intra))
        // A placeholder a second later.
        #expect(try advance([0x68, 0x4f]))
        #expect(try advance(disposable))
        #expect(try advance([0x59, 0xe0, 0xab, 0x0a, 0xba, 0x98, 0xaf, 0x4b]))
        group([0x00, 0x10, 0x87, 0x00])
        #expect(try advance(intra))
        #expect(try advance(disposable))
        // A picture, a placeholder of the same time, and a picture that would lie between them.
        #expect(try advance([0x53, 0xe0, 0xa7, 0x0a, 0x2d, 0x58, 0x21, 0x0f]))
        #expect(try advance([0x53, 0x9f]))
        #expect(try !advance([0x91, 0xc1, 0x49, 0x05, 0x46, 0x37, 0x2c, 0x5d]))
    }
}
