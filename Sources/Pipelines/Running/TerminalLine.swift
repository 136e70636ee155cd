import Files
import Foundation

/// Columns of the terminal that `descriptor` leads to; `nil` if it leads elsewhere, where lines may
/// be of any length.
public func terminalWidth(of descriptor: Int32) -> Int? {
    guard isatty(descriptor) == 1 else { return nil }
    var size = winsize()
    guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
}

/// `seconds` as `h:mm:ss`, rounded up.
public func clockTime(_ seconds: Double) -> String {
    let whole = seconds > 0 ? Int(min(seconds, 1e9).rounded(.up)) : 0
    return String(format: "%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60)
}

/// A line made of parts, of which the less important ones are left out where space is short.
public struct TerminalLine {
    private var parts: [(text: String, rank: Int)] = []
    private static let gap = "  "

    /// An empty line.
    public init() {}

    /// Adds `text` at the end; parts of a larger `rank` are left out first.
    public mutating func add(_ text: String, rank: Int) { parts.append((text, rank)) }

    /// The parts that fit into `width` columns, and as much of the most important one as fits.
    public func text(width: Int?) -> String {
        guard let width else { return parts.map(\.text).joined(separator: Self.gap) }
        var (shown, used) = (Set<Int>(), 0)
        for index in parts.indices.sorted(by: { (parts[$0].rank, $0) < (parts[$1].rank, $1) }) {
            let needed = columns(of: parts[index].text) + (shown.isEmpty ? 0 : Self.gap.count)
            guard shown.isEmpty || used + needed <= width else { break }
            shown.insert(index)
            used += needed
        }
        let line = parts.indices.filter(shown.contains).map { parts[$0].text }
        return shortened(line.joined(separator: Self.gap), toColumns: width)
    }

    /// The line for a terminal of `width` columns with a bar in front if there is room for one; the
    /// last column stays free, because some terminals begin a new line when it is filled.
    func bar(fraction: Double, width: Int, usesColor: Bool) -> String {
        let text = text(width: width - 1)
        let room = min(24, width - 1 - columns(of: text) - Self.gap.count)
        guard room >= 6 else { return text }
        let filled = Int(Double(room) * min(1, max(0, fraction)))
        let done = String(repeating: "█", count: filled)
        let left = String(repeating: "░", count: room - filled)
        let bar = usesColor ? "\u{1B}[32m\(done)\u{1B}[2m\(left)\u{1B}[0m" : done + left
        return bar + Self.gap + text
    }
}
