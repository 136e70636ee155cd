/// Which frames of a window of N frames represent it.
public enum FrameSampling: String, Sendable, Codable, CaseIterable {
    /// Evenly spaced, both ends included.
    ///
    /// Source: `numpy.linspace(0, N - 1, T, dtype=int)`.
    case linspace
    /// The first frame of each of T equal parts: i · N / T, rounded down.
    case floor
    /// The frame at the middle of each of T equal parts: (2i + 1) · N / 2T, rounded down.
    case middle

    /// Spreads T samples over N frames.
    /// - Parameters:
    ///   - numFrames: N; without frames the result is empty.
    ///   - count: T; `linspace` with T = 1 gives 0.
    /// - Returns: T frame numbers in `0..<N`, ascending; numbers repeat where N < T.
    public func indices(numFrames: Int, count: Int) -> [Int] {
        guard numFrames > 0, count > 0 else { return [] }
        switch self {
        case .linspace:
            // numpy multiplies by the rounded step and truncates, then sets the last value: another
            // order of operations differs by one frame for some N and T.
            let step = count > 1 ? Double(numFrames - 1) / Double(count - 1) : 0
            return (0..<count).map {
                $0 > 0 && $0 == count - 1 ? numFrames - 1 : Int(Double($0) * step)
            }
        case .floor:
            return (0..<count).map { $0 * numFrames / count }
        case .middle:
            return (0..<count).map { (2 * $0 + 1) * numFrames / (2 * count) }
        }
    }
}
