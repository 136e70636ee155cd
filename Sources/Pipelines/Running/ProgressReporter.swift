import Foundation
import Synchronization

/// Shows on stderr how far a stage has come.
///
/// That is a bar on a terminal, a plain line every few seconds otherwise.
public final class ProgressReporter: Sendable {
    private struct State {
        var lastReport: ContinuousClock.Instant?
        var lineIsOpen = false
    }

    private let title: String
    private let unit: String
    private let start = ContinuousClock.now
    private let isTerminal: Bool
    private let usesColor: Bool
    private let state = Mutex(State())

    /// Starts the clock of a stage that does `title`, such as `decode`.
    public init(title: String, unit: String = "clips") {
        self.title = title
        self.unit = unit
        isTerminal = isatty(STDERR_FILENO) == 1
        usesColor = isTerminal && ProcessInfo.processInfo.environment["NO_COLOR"] == nil
    }

    /// Shows `progress`, at most ten times a second on a terminal and every five seconds elsewhere.
    public func report(_ progress: StageProgress) {
        let now = ContinuousClock.now
        let interval: Duration = isTerminal ? .milliseconds(100) : .seconds(5)
        let text: String? = state.withLock { state in
            let isLast = progress.done == progress.total
            if let last = state.lastReport, now - last < interval, !isLast { return nil }
            state.lastReport = now
            state.lineIsOpen = isTerminal && !isLast
            let line = describe(progress, elapsed: (now - start).inSeconds)
            return isTerminal ? "\r\u{1B}[K\(line)\(isLast ? "\n" : "")" : line + "\n"
        }
        if let text { writeToStandardError(text) }
    }

    /// Writes `message` on a line of its own.
    public func note(_ message: String) {
        let prefix = state.withLock { state in
            defer { state.lineIsOpen = false }
            return state.lineIsOpen ? "\n" : ""
        }
        writeToStandardError("\(prefix)\(message)\n")
    }

    private func describe(_ progress: StageProgress, elapsed: Double) -> String {
        let fresh = progress.done - progress.reused
        let rate = elapsed > 0 ? Double(fresh) / elapsed : 0
        var parts = ["\(title) \(progress.done)/\(progress.total)"]
        if isTerminal { parts.insert(bar(progress), at: 0) }
        if progress.quarantined > 0 { parts.append("\(progress.quarantined) quarantined") }
        parts.append(rate.formatted(decimals: 1) + " \(unit)/s")
        if let detail = progress.detail { parts.append(detail) }
        if rate > 0, progress.done < progress.total {
            parts.append("\(Int(Double(progress.total - progress.done) / rate) + 1) s left")
        }
        return parts.joined(separator: "  ")
    }

    private func bar(_ progress: StageProgress) -> String {
        let width = 24
        let filled = progress.total > 0 ? width * progress.done / progress.total : width
        let done = String(repeating: "█", count: filled)
        let left = String(repeating: "░", count: width - filled)
        return usesColor ? "\u{1B}[32m\(done)\u{1B}[2m\(left)\u{1B}[0m" : done + left
    }
}

extension Double {
    /// The number in plain digits with `decimals` places.
    public func formatted(decimals: Int) -> String {
        String(format: "%.\(decimals)f", self)
    }
}
