import Testing

@testable import VideoDecoding

@Suite struct BitReaderTests {
    @Test func readsTheMostSignificantBitsFirst() {
        var bits = BitReader([0b1010_0101, 0b1100_0000])
        let read = [bits.read(3), bits.peek(5), bits.read(7)]
        #expect(read == [0b101, 0b00101, 0b0010111])
        #expect(bits.position == 10)
    }

    @Test func readsZerosPastTheEnd() {
        var bits = BitReader([0xff])
        let read = [bits.read(12), bits.read(1)]
        #expect(read == [0xff0, 0])
    }

    @Test func findsStartCodesWhereverTheyBegin() {
        let code: [UInt8] = [0, 0, 1, 0xb6]
        for padding in 0..<6 {
            for filler: UInt8 in [0, 1, 2] {
                let bytes = [UInt8](repeating: filler, count: padding) + code + [7]
                let found = bytes.span.startCode(from: 0)
                #expect(found == StartCode(value: 0xb6, end: padding + 4))
                #expect(bytes.span.startCode(from: padding + 1) == nil)
            }
        }
        #expect(([0, 0, 1] as [UInt8]).span.startCode(from: 0) == nil)
    }
}
