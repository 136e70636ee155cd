import CFFmpeg

/// One frame in presentation order.
struct FrameEntry: Equatable {
    /// Presentation time in units of the stream's time base.
    var pts: Int64?
    /// Whether the frame can be decoded alone.
    var isKey: Bool
}

/// The frames of a video in presentation order, as its packets announce them.
struct FrameIndex {
    let frames: [FrameEntry]
    /// The packet of each frame, as its number in file order.
    let packets: [Int]
    /// Why a full decode may give different frames; `nil` if every packet is known to give one.
    let doubt: String?
    /// The packets from which decoding can start, in file order.
    private let keyPackets: [Int]
    private let entries: [PacketEntry]

    /// Builds the table from the packets alone.
    init(_ entries: [PacketEntry], stream: VideoStream, pictures: PictureTable? = nil) {
        self.entries = entries
        if let pictures {
            (frames, packets) = (pictures.frames, pictures.packets)
            (keyPackets, doubt) = ([], pictures.doubt)
            return
        }
        packets = entries.indices.filter { entries[$0].isShown }.sorted {
            (entries[$0].pts ?? .min, $0) < (entries[$1].pts ?? .min, $1)
        }
        frames = packets.map { FrameEntry(pts: entries[$0].pts, isKey: entries[$0].isKey) }
        keyPackets = entries.indices.filter { entries[$0].isKey }
        doubt = Self.doubt(entries, frames: frames, stream: stream)
    }

    /// The last packet from which decoding gives frame `number` exactly.
    ///
    /// Frames that precede a key frame in presentation order but follow it in the file may depend
    /// on frames before it, so they start at the key packet before.
    func startPacket(ofFrame number: Int) -> Int {
        let packet = packets[number]
        let end = keyPackets.partitioningIndex { $0 > packet }
        return keyPackets[..<end].suffix(2).last {
            guard let key = entries[$0].pts, let pts = frames[number].pts else { return false }
            return entries[$0].isShown && key <= pts
        } ?? 0
    }

    /// The number of the frame shown at `pts`; `nil` if there is none.
    /// - Precondition: `doubt == nil`, so that times are known and ascend.
    func frameNumber(at pts: Int64) -> Int? {
        let number = frames.partitioningIndex { ($0.pts ?? .min) >= pts }
        return number < frames.count && frames[number].pts == pts ? number : nil
    }

    /// Codecs whose packets give exactly one frame each, the invisible ones of VP8 and VP9 aside.
    private static let oneFramePerPacket: [AVCodecID] = [
        AV_CODEC_ID_H264, AV_CODEC_ID_HEVC, AV_CODEC_ID_VP8, AV_CODEC_ID_VP9, AV_CODEC_ID_AV1,
        AV_CODEC_ID_MJPEG,
    ]

    private static func doubt(
        _ entries: [PacketEntry], frames: [FrameEntry], stream: VideoStream
    ) -> String? {
        guard oneFramePerPacket.contains(stream.codecID) else {
            return "packets of this codec may hold no frame or several"
        }
        if stream.codecID == AV_CODEC_ID_H264, !stream.isProgressive {
            return "a frame may be two fields in two packets"
        }
        guard let first = entries.first, first.isKey, first.isShown else {
            return "the first packet is not a key frame"
        }
        let decodingTimes = entries.compactMap(\.dts)
        if zip(decodingTimes, decodingTimes.dropFirst()).contains(where: >) {
            return "an edit list repeats packets"
        }
        let times = frames.compactMap(\.pts)
        guard times.count == frames.count else { return "some packets have no time" }
        guard zip(times, times.dropFirst()).allSatisfy(<) else {
            return "two packets have the same time"
        }
        return times.first == first.pts ? nil : "frames are shown before the first key frame"
    }
}

extension RandomAccessCollection {
    /// The first index whose element fulfils `predicate`, which holds from there on; binary search.
    func partitioningIndex(where predicate: (Element) -> Bool) -> Index {
        var low = startIndex
        var count = self.count
        while count > 0 {
            let half = count / 2
            let middle = index(low, offsetBy: half)
            if predicate(self[middle]) {
                count = half
            } else {
                low = index(after: middle)
                count -= half + 1
            }
        }
        return low
    }
}
