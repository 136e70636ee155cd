import Recipes
import Testing

@testable import Shards

struct NPYArrayTests {
    @Test func writesTheHeaderThatNumPyWrites() throws {
        let array = NPYArray(elementType: .float16, shape: [3], elements: [0, 1, 2, 3, 4, 5])
        let header = String(decoding: array.fileBytes[10..<array.dataOffset], as: UTF8.self)
        #expect(header.hasPrefix("{'descr': '<f2', 'fortran_order': False, 'shape': (3,), }"))
        #expect(header.hasSuffix("\n") && array.dataOffset == 128)
        #expect(try NPYArray(fileBytes: array.fileBytes) == array)
    }

    @Test(arguments: [[], [0], [1, 2, 3], [2, 0, 3]])
    func readsBackAnyShape(_ shape: [Int]) throws {
        let count = shape.reduce(4, *)
        let array = NPYArray(
            elementType: .float32, shape: shape, elements: (0..<count).map { UInt8($0) })
        #expect(try NPYArray(fileBytes: array.fileBytes).shape == shape)
    }

    @Test(arguments: [
        "", "not an array", "{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }",
        "{'descr': '<f4', 'fortran_order': True, 'shape': (1,), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999,99999999999,), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), } x",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1;), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'x': 'y', }",
    ])
    func refusesHeadersThatDoNotFit(_ header: String) {
        var bytes: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0]
        bytes += header.utf8
        bytes += [UInt8](repeating: 32, count: 127 - bytes.count) + [10, 0, 0, 0, 0]
        #expect(throws: ShardError.self) { try NPYArray(fileBytes: bytes) }
    }

    @Test func refusesEveryTruncation() {
        let array = NPYArray(elementType: .uint8, shape: [4], elements: [1, 2, 3, 4])
        for count in 0..<array.fileBytes.count {
            #expect(throws: ShardError.self) {
                try NPYArray(fileBytes: Array(array.fileBytes.prefix(count)))
            }
        }
    }

    @Test func zstdKeepsContentSizeAndChecksum() throws {
        let content = [UInt8](repeating: 7, count: 100_000)
        let frame = try ZstdCompressor(level: 3).compress(content)
        #expect(frame.count < 200)
        #expect(try zstdDecompress(frame, expectedCount: content.count) == content)
        #expect(throws: ShardError.self) {
            try zstdDecompress(frame, expectedCount: content.count + 1)
        }
        #expect(throws: ShardError.self) {
            try zstdDecompress(frame + frame, expectedCount: content.count)
        }
        #expect(throws: ShardError.self) { try zstdDecompress([], expectedCount: 0) }
    }
}
