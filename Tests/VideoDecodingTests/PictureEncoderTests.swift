import Testing

@testable import VideoDecoding

struct PictureEncoderTests {
    private let pixels = (0..<3 * 48 * 32).map { UInt8(($0 * 7) % 251) }

    @Test func writesPNG() throws {
        let file = try encodePicture(pixels, width: 48, height: 32, as: .png)
        #expect(file.starts(with: [0x89] + Array("PNG".utf8)))
    }

    /// The frame header of baseline JPEG (ITU-T T.81, B.2.2) holds height and width.
    @Test func writesJPEGOfThatSize() throws {
        let file = try encodePicture(pixels, width: 48, height: 32, as: .jpeg)
        #expect(file.starts(with: [0xFF, 0xD8]) && file.suffix(2) == [0xFF, 0xD9])
        let header = try #require(file.firstRange(of: [0xFF, 0xC0]))
        #expect(Array(file[(header.upperBound + 3)..<(header.upperBound + 7)]) == [0, 32, 0, 48])
    }
}
