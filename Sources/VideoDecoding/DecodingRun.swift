/// The wanted frames that are decoded from the same packet on.
struct DecodingRun {
    let startPacket: Int
    /// The packets that hold them, with the numbers of the frames.
    private(set) var frames: [Int: Int] = [:]

    /// The last packet that holds a wanted frame.
    var lastPacket: Int { frames.keys.max() ?? startPacket }

    /// Groups wanted frames by the packet at which decoding starts.
    /// - Parameters:
    ///   - frames: Their numbers, ascending.
    ///   - place: The packet at which decoding of a frame starts, and the packet that holds it.
    /// - Returns: The groups, in the order of the frames.
    static func grouping(
        _ frames: [Int], by place: (_ frame: Int) -> (start: Int, packet: Int)
    ) -> [DecodingRun] {
        var runs: [DecodingRun] = []
        for frame in frames {
            let (start, packet) = place(frame)
            if runs.last?.startPacket != start { runs.append(DecodingRun(startPacket: start)) }
            runs[runs.count - 1].frames[packet] = frame
        }
        return runs
    }
}
