import CFFmpeg

/// Decodes every packet of a video, and hands on the frames of a plan.
struct SequentialPass {
    /// The frames that came out, in presentation order.
    private(set) var frames: [FrameEntry] = []
    private(set) var damage = Damage()
    private var firstConcealedFrame: Int?

    /// Decodes everything; damaged frames and those after them are handed on if `keepsDamaged`.
    init(
        _ packets: inout PacketSource, plan: SamplePlan?, keepsDamaged: Bool, maxPixels: Int,
        deadline: Deadline,
        emit: (_ slots: [Int], borrowing PacketDecoder) throws(DecodeError) -> Void
    ) throws(DecodeError) {
        var decoder = try PacketDecoder(
            packets.demuxer, mayLackPackets: packets.mayLackPackets || packets.hidesDamage,
            maxPixels: maxPixels, log: packets.log)
        let slots = plan?.slots ?? [:]
        for index in 0...packets.entries.count {
            try deadline.check(.decode)
            let packet = index < packets.entries.count ? try packets.packet(at: index) : nil
            decoder.send(packet)
            while decoder.receive() {
                if firstConcealedFrame == nil, decoder.damage.concealedFrames > 0 {
                    firstConcealedFrame = frames.count
                }
                if keepsDamaged || decoder.damage == Damage(), let slots = slots[frames.count] {
                    try emit(slots, decoder)
                }
                frames.append(FrameEntry(pts: decoder.pts, isKey: decoder.isKey))
            }
        }
        damage = decoder.damage
    }

    /// Throws unless all frames are whole.
    func rejectDamaged() throws(DecodeError) {
        var found: [String] = []
        if damage.refusedPackets > 0 {
            found.append("packets that could not be decoded: \(damage.refusedPackets)")
        }
        if let firstConcealedFrame {
            found.append(
                "frames decoded with errors: \(damage.concealedFrames) of \(frames.count), "
                    + "first frame \(firstConcealedFrame)")
        }
        if damage.errorMessages > 0 {
            found.append("errors in coded pictures: \(damage.errorMessages)")
        }
        guard found.isEmpty else {
            throw .damaged(stage: .decode, found: found.joined(separator: "; "))
        }
    }
}
