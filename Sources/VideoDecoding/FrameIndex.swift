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

    /// Builds the table from the packets alone.
    init(_ entries: [PacketEntry]) {
        let shown = entries.indices.filter { entries[$0].isShown }.sorted {
            (entries[$0].pts ?? .min, $0) < (entries[$1].pts ?? .min, $1)
        }
        frames = shown.map { FrameEntry(pts: entries[$0].pts, isKey: entries[$0].isKey) }
    }
}
