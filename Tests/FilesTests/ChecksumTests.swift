import Testing

@testable import Files

struct ChecksumTests {
    /// Source: FIPS 180-2, appendix B.1.
    @Test func isSHA256() {
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        #expect(sha256Hex(Array("abc".utf8)) == expected)
        var checksum = Checksum()
        checksum.update([UInt8(ascii: "a")])
        #expect(checksum.hex != expected)
        checksum.update(Array("bc".utf8))
        #expect(checksum.hex == expected)
    }

    @Test func tellsTextsApartWhereverTheyEnd() {
        func hash(_ texts: String...) -> String {
            var checksum = Checksum()
            for text in texts { checksum.update(text) }
            return checksum.hex
        }
        #expect(hash("ab", "c") != hash("a", "bc"))
        #expect(hash("a") != hash("a", ""))
    }
}
