import CFFmpeg

/// How other pictures depend on a picture.
enum PictureKind: Equatable {
    /// Needs no other picture.
    case intra
    /// Two fields, of which the second may need the reference picture before.
    case partlyIntra
    /// Needs the reference picture before it.
    case predicted
    /// Needs the references before it, and no picture needs it: B-pictures, Sorenson's droppable
    /// ones.
    case disposable

    /// Whether libavcodec calls the picture a key frame.
    var isKey: Bool { self == .intra || self == .partlyIntra }
}

/// What the headers of a packet say that the decoder makes of it.
enum PacketContent: Equatable {
    /// No picture: a placeholder, or one that the decoder leaves out.
    case nothing
    /// One picture; `isDelayed` if references are shown only after the next reference was decoded.
    case picture(PictureKind, isDelayed: Bool)
    /// The stream leaves open what the decoder makes of it.
    case doubtful(String)
}

/// The pictures of a codec of the MPEG-1 to MPEG-4 family in the order in which libavcodec shows
/// them, as the headers of the packets tell without decoding.
///
/// In these codecs pictures refer to at most the two references before them in the stream. So the
/// headers decide when each picture comes out of the decoder, whatever times the container states.
struct PictureTable {
    /// One frame per picture that is shown, in presentation order.
    private(set) var frames: [FrameEntry] = []
    /// The packet with which each shown picture was decoded.
    private(set) var packets: [Int] = []
    /// The kind of the picture decoded with each packet; `nil` where there is none.
    private(set) var kinds: [PictureKind?] = []
    /// Why decoding may give other pictures.
    private(set) var doubt: String?
    /// The packets of reference pictures, each with the last intra picture up to it.
    private var references: [(packet: Int, intra: Int)] = []

    /// Simulates what the decoder does with packets that hold `contents`.
    init(_ contents: [PacketContent], entries: [PacketEntry]) {
        var times = TimeGuess()
        var waiting: Int?
        var isDelayed = false

        func show(_ packet: Int, at end: Int?, in table: inout PictureTable) {
            guard entries[packet].isShown else { return }
            let pts = times.guess(pts: entries[packet].pts, dts: end.flatMap { entries[$0].dts })
            table.frames.append(FrameEntry(pts: pts, isKey: table.kinds[packet]?.isKey == true))
            table.packets.append(packet)
        }

        for (packet, content) in contents.enumerated() {
            guard case .picture(let kind, let delays) = content else {
                if case .doubtful(let reason) = content { doubt = doubt ?? reason }
                kinds.append(nil)
                continue
            }
            if !references.isEmpty, delays != isDelayed {
                doubt = doubt ?? "the order of pictures changes within the stream"
            }
            isDelayed = delays
            // libavcodec leaves these out until it holds two references.
            guard kind != .disposable || references.count > 1 else {
                kinds.append(nil)
                continue
            }
            kinds.append(kind)
            if kind != .disposable {
                if references.isEmpty, !kind.isKey {
                    doubt = doubt ?? "the first picture is not a key frame"
                }
                let intra = kind == .intra ? packet : references.last?.intra ?? packet
                references.append((packet, intra))
            }
            if kind == .disposable || !delays {
                show(packet, at: packet, in: &self)
            } else {
                if let waiting { show(waiting, at: packet, in: &self) }
                waiting = packet
            }
        }
        if let waiting { show(waiting, at: nil, in: &self) }
        if references.isEmpty { doubt = doubt ?? "no packet holds a picture" }
    }

    /// The last packet from which decoding gives the picture of `packet` exactly.
    func startPacket(of packet: Int) -> Int {
        let end = references.partitioningIndex { $0.packet > packet }
        let needed = kinds[packet] == .disposable ? end - 2 : end - 1
        return references.indices.contains(needed) ? references[needed].intra : 0
    }
}

/// Presentation times of pictures as libavcodec guesses them where the container has gaps.
///
/// Source: `guess_correct_pts` in `libavcodec/decode.c`.
private struct TimeGuess {
    private var numFaultyPts = 0
    private var numFaultyDts = 0
    private var latestPts = Int64.min
    private var latestDts = Int64.min

    /// The time of the next shown picture, which was decoded with a packet of time `pts`.
    ///
    /// `dts` is of the packet that brought the picture out, `nil` at the end of the stream.
    mutating func guess(pts: Int64?, dts: Int64?) -> Int64? {
        if let dts {
            if dts <= latestDts { numFaultyDts += 1 }
            latestDts = dts
        } else if let pts {
            latestDts = pts
        }
        if let pts {
            if pts <= latestPts { numFaultyPts += 1 }
            latestPts = pts
        } else if let dts {
            latestPts = dts
        }
        return pts != nil && (numFaultyPts <= numFaultyDts || dts == nil) ? pts : dts
    }
}
