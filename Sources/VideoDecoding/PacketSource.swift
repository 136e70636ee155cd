import CFFmpeg

/// The packets of the video stream in file order, any of them at any time.
///
/// Those of a small file stay in memory after the scan; longer files are read again where needed,
/// which is faster than keeping many packets.
@safe
struct PacketSource: ~Copyable {
    /// One entry per packet, in file order.
    let entries: [PacketEntry]
    /// What each packet depends on; empty for codecs whose headers are not read.
    let references: [PacketReferences]
    /// The pictures of the packets, for codecs whose headers tell them.
    let pictures: PictureTable?
    /// Whether only the decoder's error messages tell that a picture is damaged.
    let hidesDamage: Bool
    private(set) var demuxer: Demuxer
    /// The last error message of the container during the scan.
    private let complaint: String?
    /// Where FFmpeg's messages about this clip arrive.
    let log: MessageLog
    private let reopen: () throws(DecodeError) -> Demuxer
    private let resident: [PacketBuffer]
    private let scratch = PacketBuffer()
    /// The entry that `demuxer` delivers next; past all entries when that is unknown.
    private var position: Int
    private var mayJump = true
    private var hasJumped = false

    /// Opens the file with `open` and reads all its packets once.
    init(
        residentLimitBytes: Int, log: MessageLog,
        open: @escaping () throws(DecodeError) -> Demuxer
    ) throws(DecodeError) {
        let demuxer = try open()
        let keepsPackets = demuxer.sizeBytes <= residentLimitBytes
        var entries: [PacketEntry] = []
        var resident: [PacketBuffer] = []
        var reader = makeReferenceReader(for: demuxer)
        var references: [PacketReferences] = []
        var scanner = PictureScanner(demuxer)
        let numErrorsBefore = log.numContainerErrors
        while try demuxer.read(into: scratch) {
            entries.append(scratch.entry(codecID: demuxer.stream.codecID))
            if let found = scratch.references(reader: &reader) { references.append(found) }
            scanner?.read(scratch)
            if keepsPackets { resident.append(scratch.takeContent()) }
        }
        complaint = log.numContainerErrors == numErrorsBefore ? nil : log.containerError
        self.demuxer = demuxer
        self.entries = entries
        self.references = references
        pictures = scanner?.table(entries)
        hidesDamage = scanner?.hidesDamage == true
        self.log = log
        self.resident = resident
        reopen = open
        position = entries.count
    }

    /// The packet of entry `index`, valid until the next call.
    mutating func packet(at index: Int) throws(DecodeError) -> PacketBuffer {
        guard resident.isEmpty else { return resident[index] }
        if mayJump, index != position, try seek(to: index) {
            hasJumped = true
            return scratch
        }
        if index < position { try rewind() }
        while position <= index {
            guard try demuxer.read(into: scratch), currentEntry.isSame(as: entries[position]) else {
                if hasJumped {
                    // Some containers state other times after a seek.
                    mayJump = false
                    try rewind()
                    continue
                }
                throw .unreadable(stage: .decode, detail: "it changed while it was being read")
            }
            position += 1
        }
        return scratch
    }

    private mutating func rewind() throws(DecodeError) {
        demuxer = try reopen()
        hasJumped = false
        position = 0
    }

    /// Jumps to key packet `index` and reads it; `false` where the container cannot.
    ///
    /// Containers may land before the packet, so packets are read until it comes.
    private mutating func seek(to index: Int) throws(DecodeError) -> Bool {
        let target = entries[index]
        guard target.isKey, let time = target.dts ?? target.pts else { return false }
        position = .max
        guard demuxer.seek(to: time) else { return false }
        while try demuxer.read(into: scratch) {
            let entry = currentEntry
            if entry.isSame(as: target) {
                position = index + 1
                return true
            }
            if let reached = entry.dts ?? entry.pts, reached > time { return false }
        }
        return false
    }

    private var currentEntry: PacketEntry { scratch.entry(codecID: demuxer.stream.codecID) }

    /// Whether packets may be missing, which only the decoder can tell.
    var mayLackPackets: Bool { demuxer.marksJumpsAsCorrupt && entries.contains { $0.isCorrupt } }

    /// Throws if packets are missing or corrupt, or the container complained.
    func rejectIncomplete() throws(DecodeError) {
        let numCorrupt = entries.count { $0.isCorrupt }
        if let numIndexed = demuxer.numIndexedPackets, numIndexed > entries.count {
            throw .damaged(
                stage: .scan,
                found: "it is cut off, \(entries.count - numCorrupt) of \(numIndexed) packets "
                    + "are whole")
        }
        if let complaint { throw .damaged(stage: .scan, found: complaint) }
        if numCorrupt > 0, !demuxer.marksJumpsAsCorrupt {
            throw .damaged(
                stage: .scan, found: "corrupt packets: \(numCorrupt) of \(entries.count)")
        }
    }
}

/// One compressed packet (`AVPacket`).
@safe
final class PacketBuffer {
    let pointer: UnsafeMutablePointer<AVPacket>?

    init() { unsafe pointer = av_packet_alloc() }

    deinit {
        var pointer = unsafe pointer
        unsafe av_packet_free(&pointer)
    }

    /// A new packet with this one's content; this one is empty afterwards.
    func takeContent() -> PacketBuffer {
        let taken = PacketBuffer()
        if let from = unsafe pointer, let to = unsafe taken.pointer {
            unsafe av_packet_move_ref(to, from)
        }
        return taken
    }

    /// What `reader` finds in the packet; `nil` if there is no reader.
    func references(reader: inout (any PacketReferenceReader)?) -> PacketReferences? {
        guard let packet = unsafe pointer?.pointee else { return reader.map { _ in .unknown } }
        let data = unsafe UnsafeBufferPointer(start: packet.data, count: max(0, Int(packet.size)))
        return unsafe reader?.references(of: Span(_unsafeElements: data))
    }

    /// What the packet tells without being decoded.
    func entry(codecID: AVCodecID) -> PacketEntry {
        guard let packet = unsafe pointer?.pointee else { return PacketEntry() }
        let data = unsafe UnsafeBufferPointer(start: packet.data, count: max(0, Int(packet.size)))
        return unsafe PacketEntry(
            pts: knownTime(packet.pts), dts: knownTime(packet.dts), sizeBytes: data.count,
            isKey: packet.flags & AV_PKT_FLAG_KEY != 0,
            isCorrupt: packet.flags & AV_PKT_FLAG_CORRUPT != 0,
            isShown: packet.flags & AV_PKT_FLAG_DISCARD == 0
                && !hidesFrame(Span(_unsafeElements: data), codecID: codecID))
    }
}
