import Files
import Foundation
import Synchronization

/// Shows on stderr how far a stage has come.
///
/// That is a bar on a terminal, a plain line every few seconds otherwise.
public final class ProgressReporter: Sendable {
    private let title: String
    private let unit: String
    private let start = ContinuousClock.now
    private let bar = ProgressBar()
    private let lastReport = Mutex<ContinuousClock.Instant?>(nil)

    /// Starts the clock of a stage called `title`, such as `decode`.
    public init(title: String, unit: String = "clips") {
        self.title = title
        self.unit = unit
    }

    /// Shows `progress`, at most ten times a second on a terminal and every five seconds elsewhere.
    public func report(_ progress: StageProgress) {
        let line = describe(progress, elapsed: (ContinuousClock.now - start).inSeconds)
        let isLast = progress.done == progress.total
        guard !bar.isOnTerminal else {
            let fraction = progress.total > 0 ? Double(progress.done) / Double(progress.total) : 1
            return bar.show(line, fraction: fraction, isLast: isLast)
        }
        let isDue = lastReport.withLock { last in
            guard isLast || last.map({ ContinuousClock.now - $0 >= .seconds(5) }) ?? true else {
                return false
            }
            last = ContinuousClock.now
            return true
        }
        if isDue { writeToStandardError(line.text(width: nil) + "\n") }
    }

    /// Writes `message` on a line of its own.
    public func note(_ message: String) { writeToStandardError(terminalText(message) + "\n") }

    private func describe(_ progress: StageProgress, elapsed: Double) -> TerminalLine {
        let fresh = progress.done - progress.reused
        let rate = elapsed > 0 ? Double(fresh) / elapsed : 0
        var line = TerminalLine()
        line.add("\(title) \(progress.done)/\(progress.total)", rank: 0)
        if progress.quarantined > 0 { line.add("\(progress.quarantined) quarantined", rank: 2) }
        line.add(rate.formatted(decimals: 1) + " \(unit)/s", rank: 3)
        if let detail = progress.detail { line.add(detail, rank: 4) }
        if rate > 0, progress.done < progress.total {
            let seconds = Double(progress.total - progress.done) / rate
            line.add("\(clockTime(seconds)) left", rank: 1)
        }
        return line
    }
}

/// A bar in the last line of the terminal that stderr leads to, if it leads to one.
public final class ProgressBar: Sendable {
    /// Whether there is a terminal to show it on.
    public let isOnTerminal = isatty(STDERR_FILENO) == 1
    private let usesColor = ProcessInfo.processInfo.environment["NO_COLOR"] == nil
    private let lastShown = Mutex<ContinuousClock.Instant?>(nil)

    /// A bar that has not been shown yet.
    public init() {}

    /// Shows the bar with `line` behind it, at most ten times a second; the last time it stays.
    /// - Parameters:
    ///   - line: What to say of the work.
    ///   - fraction: The share that is done, from 0 to 1.
    ///   - isLast: Whether the work is done.
    public func show(_ line: TerminalLine, fraction: Double, isLast: Bool) {
        guard let width = terminalWidth(of: STDERR_FILENO) else { return }
        let isDue = lastShown.withLock { last in
            guard isLast || last.map({ ContinuousClock.now - $0 >= .milliseconds(100) }) ?? true
            else {
                return false
            }
            last = ContinuousClock.now
            return true
        }
        guard isDue else { return }
        let text = line.bar(fraction: fraction, width: width, usesColor: usesColor)
        replaceOpenLine(with: isLast ? text + "\n" : text, staysOpen: !isLast)
    }
}

extension Double {
    /// The number in plain digits with `decimals` places.
    public func formatted(decimals: Int) -> String {
        String(format: "%.\(decimals)f", self)
    }
}
