import CFFmpeg

/// Decodes only what the frames of a plan depend on.
///
/// Each wanted frame is decoded from the key frame before it, and what comes out is compared with
/// the table; anything unexpected ends the pass, and the caller decodes everything instead.
struct IndexedPass {
    /// What contradicted the table; `nil` when all frames of the plan were handed on.
    private(set) var mismatch: String?

    private let index: FrameIndex
    private let slots: [Int: [Int]]

    /// Decodes and hands on the frames of `plan`.
    init(
        _ packets: inout PacketSource, index: FrameIndex, plan: SamplePlan, maxPixels: Int,
        deadline: Deadline,
        emit: (_ slots: [Int], borrowing PacketDecoder) throws(DecodeError) -> Void
    ) throws(DecodeError) {
        self.index = index
        slots = plan.slots
        var decoder = try PacketDecoder(
            packets.demuxer, mayLackPackets: packets.mayLackPackets, maxPixels: maxPixels,
            log: packets.log)
        let runs = DecodingRun.grouping(slots.keys.sorted()) {
            (index.startPacket(ofFrame: $0), index.packets[$0])
        }
        for run in runs {
            try decode(run, packets: &packets, decoder: &decoder, deadline: deadline, emit: emit)
            guard mismatch == nil else { return }
        }
    }

    private mutating func decode(
        _ run: DecodingRun, packets: inout PacketSource, decoder: inout PacketDecoder,
        deadline: Deadline,
        emit: (_ slots: [Int], borrowing PacketDecoder) throws(DecodeError) -> Void
    ) throws(DecodeError) {
        let entries = packets.entries
        let keyTime = entries[run.startPacket].pts ?? .min
        let wanted = Set(run.frames.keys)
        var end = run.lastPacket + 1
        // At the end of the stream, H.264 stops at the first picture whose references are missing.
        // Leading pictures are such, so then the wanted ones are pushed out by further packets.
        if entries[run.startPacket..<end].contains(where: { $0.pts ?? .min < keyTime }) {
            end = entries.count
        }
        let dispensable = packets.references.dispensable(
            in: run.startPacket..<end, wanted: wanted)
        var output = Output(keyTime: keyTime)
        decoder.flush()
        for position in run.startPacket...end {
            try deadline.check(.decode)
            if dispensable.contains(position) { continue }
            decoder.skipNonReference(!wanted.contains(position))
            decoder.send(position < end ? try packets.packet(at: position) : nil)
            try take(&output, from: &decoder, emit: emit)
            if mismatch != nil || output.numEmitted == run.frames.count { break }
        }
        if decoder.damage.refusedPackets > 0 || decoder.damage.errorMessages > 0 {
            mismatch = "a packet could not be decoded"
        } else if mismatch == nil, output.numEmitted < run.frames.count {
            mismatch = "a sampled frame did not come out of the decoder"
        }
    }

    /// What has come out of the decoder since the start of a run.
    private struct Output {
        let keyTime: Int64
        var latest: Int?
        var numEmitted = 0
    }

    /// Takes all waiting pictures, compares their times with the table and hands on wanted ones.
    private mutating func take(
        _ output: inout Output, from decoder: inout PacketDecoder,
        emit: (_ slots: [Int], borrowing PacketDecoder) throws(DecodeError) -> Void
    ) throws(DecodeError) {
        while decoder.receive() {
            // Shown before the key frame: it may lack what it depends on, and another run has it.
            guard let pts = decoder.pts, pts >= output.keyTime else { continue }
            guard mismatch == nil else { continue }
            if decoder.isConcealed {
                mismatch = "a frame was decoded with errors"
            } else if output.latest == nil, pts != output.keyTime || !decoder.isIntraKey {
                mismatch = "a packet marked as a key frame is not one"
            }
            guard let number = index.frameNumber(at: pts), number > output.latest ?? -1 else {
                mismatch = "the times of frames differ from those of packets"
                continue
            }
            output.latest = number
            if mismatch == nil, let slots = slots[number] {
                try emit(slots, decoder)
                output.numEmitted += 1
            }
        }
    }
}
