import CFFmpeg

/// Decodes only what the frames of a plan depend on, where the order of pictures is known.
///
/// As `IndexedPass`, except that pictures are not recognised by their times, which may be missing
/// or repeat, but by the packet they were decoded with.
struct PicturePass {
    /// What contradicted the table; `nil` when all frames of the plan were handed on.
    private(set) var mismatch: String?

    private let table: PictureTable
    private let slots: [Int: [Int]]

    /// Decodes and hands on the frames of `plan`.
    init(
        _ packets: inout PacketSource, table: PictureTable, plan: SamplePlan, maxPixels: Int,
        deadline: Deadline,
        emit: (_ slots: [Int], borrowing PacketDecoder) throws(DecodeError) -> Void
    ) throws(DecodeError) {
        self.table = table
        slots = plan.slots
        var decoder = try PacketDecoder(
            packets.demuxer, mayLackPackets: packets.mayLackPackets || packets.hidesDamage,
            maxPixels: maxPixels, log: packets.log)
        let runs = DecodingRun.grouping(slots.keys.sorted()) { frame in
            let packet = table.packets[frame]
            return (table.startPacket(of: packet), packet)
        }
        if let first = runs.first, first.startPacket > 0 {
            // The headers before the first picture hold for the whole stream.
            decoder.send(try packets.packet(at: 0), time: 0)
            while decoder.receive() {}
        }
        for run in runs {
            decoder.flush()
            try decode(run, packets: &packets, decoder: &decoder, deadline: deadline, emit: emit)
            if decoder.damage.refusedPackets > 0 || decoder.damage.errorMessages > 0 {
                mismatch = mismatch ?? "a packet could not be decoded"
            }
            guard mismatch == nil else { return }
        }
    }

    private mutating func decode(
        _ run: DecodingRun, packets: inout PacketSource, decoder: inout PacketDecoder,
        deadline: Deadline,
        emit: (_ slots: [Int], borrowing PacketDecoder) throws(DecodeError) -> Void
    ) throws(DecodeError) {
        var missing = run.frames
        let end = run.lastPacket + 1
        for position in run.startPacket...end {
            try deadline.check(.decode)
            if position < end {
                decoder.skipDisposable(
                    table.kinds[position] == .disposable && run.frames[position] == nil)
                decoder.send(try packets.packet(at: position), time: Int64(position))
            } else {
                decoder.send(nil)
            }
            while decoder.receive() {
                guard let packet = decoder.reorderedTime.map(Int.init),
                    table.kinds.indices.contains(packet), let kind = table.kinds[packet],
                    decoder.isKey == kind.isKey
                else {
                    mismatch = "a picture differs from what its header says"
                    return
                }
                if decoder.isConcealed { mismatch = "a frame was decoded with errors" }
                guard mismatch == nil else { return }
                guard let number = missing.removeValue(forKey: packet), let slots = slots[number]
                else { continue }
                try emit(slots, decoder)
            }
        }
        if !missing.isEmpty { mismatch = "a sampled frame did not come out of the decoder" }
    }
}
