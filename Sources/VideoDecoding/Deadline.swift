import Foundation

/// How long a video may occupy this thread: seconds of processor time, and ten times as many of
/// waiting for its disk or server.
///
/// Neither counts while the process is suspended or others have the processor, so whether a clip is
/// stored does not depend on what else the machine does. Used on the thread that made it; a class,
/// because FFmpeg's callbacks keep a pointer to it.
public final class Deadline {
    /// Seconds of waiting for each second of processor time.
    public static let waitingFactor = 10.0

    let seconds: Double
    private let processorStart = Deadline.processorSeconds
    private var clock = WaitingClock()
    private var nextLook = 0.0

    /// Starts to count.
    public init(seconds: Double) { self.seconds = seconds }

    /// Whether the limit of processor time has been reached.
    ///
    /// Measured only every few milliseconds, because it costs a system call.
    private var isOutOfProcessorTime: Bool {
        guard clock.seconds >= nextLook else { return false }
        let isOut = Self.processorSeconds - processorStart >= seconds
        if !isOut { nextLook = clock.seconds + 0.005 }
        return isOut
    }
    private var hasWaitedTooLong: Bool { clock.seconds >= seconds * Self.waitingFactor }

    /// Whether one of the limits has been reached and the video has to be given up.
    public var hasPassed: Bool {
        clock.tick()
        return hasWaitedTooLong || isOutOfProcessorTime
    }

    /// Gives the video up if one of the limits has been reached.
    /// - Throws: `DecodeError.timeout` or `.stalled`.
    public func check(_ stage: DecodeError.Stage) throws(DecodeError) {
        if hasPassed { throw error(stage) }
    }

    func error(_ stage: DecodeError.Stage) -> DecodeError {
        hasWaitedTooLong
            ? .stalled(stage: stage, seconds: seconds * Self.waitingFactor)
            : .timeout(stage: stage, seconds: seconds)
    }

    private static var processorSeconds: Double {
        var time = timespec()
        unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}

/// Counts seconds of waiting, but not those in which this process was suspended.
///
/// Whoever waits asks several times a second; of a longer gap only one second counts.
public struct WaitingClock {
    /// Seconds that were counted so far.
    public private(set) var seconds = 0.0
    private var last = ContinuousClock.now

    /// Starts at 0.
    public init() {}

    /// Counts the time since the last call.
    public mutating func tick() {
        let now = ContinuousClock.now
        seconds += min((now - last) / .seconds(1), 1)
        last = now
    }
}
