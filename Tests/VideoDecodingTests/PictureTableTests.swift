import Testing

@testable import VideoDecoding

@Suite struct PictureTableTests {
    private static let reference = PacketContent.picture(.predicted, isDelayed: true)
    private static let key = PacketContent.picture(.intra, isDelayed: true)
    private static let bidirectional = PacketContent.picture(.disposable, isDelayed: true)

    /// A table of packets that carry decoding times only, as those of AVI do.
    private func table(_ contents: [PacketContent]) -> PictureTable {
        PictureTable(contents, entries: contents.indices.map { PacketEntry(dts: Int64($0)) })
    }

    @Test func showsReferencesAfterThePicturesBetween() {
        let table = table([
            Self.key, Self.reference, Self.bidirectional, Self.key, Self.bidirectional, .nothing,
        ])
        #expect(table.packets == [0, 2, 1, 4, 3])
        #expect(table.frames.map(\.pts) == [1, 2, 3, 4, nil])
        #expect(table.frames.map(\.isKey) == [true, false, false, false, true])
        #expect(table.doubt == nil)
    }

    @Test func startsWhereBothReferencesAreDecoded() {
        let table = table([
            Self.key, Self.reference, Self.key, Self.bidirectional, Self.reference,
            Self.bidirectional,
        ])
        #expect(table.startPacket(of: 1) == 0)
        #expect(table.startPacket(of: 2) == 2)
        // Shown before the key picture, so it refers to the reference before that as well.
        #expect(table.startPacket(of: 3) == 0)
        #expect(table.startPacket(of: 5) == 2)
    }

    @Test func leavesOutPicturesWhoseReferencesTheStreamLacks() {
        let table = table([Self.key, Self.bidirectional, Self.reference, Self.bidirectional])
        #expect(table.packets == [0, 3, 2])
        #expect(table.kinds == [.intra, nil, .predicted, .disposable])
    }

    @Test func doubtsStreamsThatBeginInTheMiddle() {
        #expect(table([Self.reference, Self.key]).doubt == "the first picture is not a key frame")
        #expect(table([.nothing]).doubt == "no packet holds a picture")
    }

    @Test func doubtsStreamsThatChangeTheirOrder() {
        let table = table([Self.key, .picture(.predicted, isDelayed: false)])
        #expect(table.doubt == "the order of pictures changes within the stream")
    }
}
