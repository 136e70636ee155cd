import CFFmpeg

/// What a packet reads from and leaves behind in its decoder's memory, one bit per place.
///
/// Places are reference pictures, and whatever else the codec carries from picture to picture.
struct PacketReferences: Equatable {
    /// Places whose content may matter to the pictures of the packet.
    var reads: UInt16
    /// Places whose content the packet may change.
    var writes: UInt16
    /// Places whose earlier content cannot matter after the packet.
    var replaces: UInt16

    /// The packet may depend on everything before it, and everything after may depend on it.
    static let unknown = PacketReferences(reads: .max, writes: .max, replaces: 0)

    /// The combined effect of decoding this packet and then `next`.
    func followed(by next: PacketReferences) -> PacketReferences {
        PacketReferences(
            reads: reads | next.reads & ~replaces, writes: writes | next.writes,
            replaces: replaces | next.replaces)
    }
}

/// Reads from the headers of a codec what its packets depend on, in file order from the first on.
protocol PacketReferenceReader {
    /// What the packet that holds `data` reads and writes.
    mutating func references(of data: Span<UInt8>) -> PacketReferences
}

/// The reader for the stream of `demuxer`; `nil` for codecs without one.
func makeReferenceReader(for demuxer: Demuxer) -> (any PacketReferenceReader)? {
    switch demuxer.stream.codecID {
    case AV_CODEC_ID_HEVC: HEVCReferences(extradata: demuxer.extradata)
    case AV_CODEC_ID_AV1: AV1References(extradata: demuxer.extradata)
    case AV_CODEC_ID_VP9: VP9References()
    default: nil
    }
}

extension [PacketReferences] {
    /// The packets of `range` that may be left out without a change to the pictures of `wanted`.
    ///
    /// From back to front: a packet is needed if it writes what a needed one after it reads. The
    /// first packet stays, because decoding starts with it.
    /// - Complexity: O(n) in the length of `range`.
    func dispensable(in range: Range<Int>, wanted: Set<Int>) -> Set<Int> {
        guard let last = wanted.max(), last < count else { return [] }
        var found: Set<Int> = []
        var live: UInt16 = 0
        for index in (range.lowerBound...last).reversed() {
            let packet = self[index]
            if index != range.lowerBound, !wanted.contains(index), packet.writes & live == 0 {
                found.insert(index)
            } else {
                live = live & ~packet.replaces | packet.reads
            }
        }
        return found
    }
}

extension Span<UInt8> {
    /// Up to `count` bytes from `start` on; none if `start` lies behind the end.
    func bytes(from start: Int, upTo count: Int) -> [UInt8] {
        var copy: [UInt8] = []
        copy.reserveCapacity(count)
        for index in Swift.min(start, self.count)..<Swift.min(start + count, self.count) {
            copy.append(self[index])
        }
        return copy
    }
}
