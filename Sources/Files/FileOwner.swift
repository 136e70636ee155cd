import Foundation

/// The process that writes a temporary or holds a claim, or did.
public struct FileOwner: Sendable, Equatable, CustomStringConvertible {
    /// Its process id.
    public let process: Int32
    /// Whether it is still running; `nil` if it is a process of another machine.
    public let isRunning: Bool?

    init?(process: Int32?, machine: some StringProtocol) {
        guard let process, process > 0 else { return nil }
        self.process = process
        isRunning =
            machine == DurableFile.machine ? !(kill(process, 0) != 0 && errno == ESRCH) : nil
    }

    /// The owner that the name of a temporary states; `nil` if `name` is that of something else.
    public init?(ofTemporary name: String) {
        guard name.hasSuffix(DurableFile.temporarySuffix) else { return nil }
        let parts = name.dropLast(DurableFile.temporarySuffix.count).split(separator: ".").suffix(2)
        guard parts.count == 2, let first = parts.first, let machine = parts.last else {
            return nil
        }
        self.init(process: Int32(first.prefix { $0 != "-" }), machine: machine)
    }

    /// The holder that the claim at `path` states; `nil` if there is no such claim.
    public init?(ofClaim path: String) {
        guard let bytes = try? readFile(path) else { return nil }
        let words = String(decoding: bytes, as: UTF8.self).split { $0 == " " || $0 == "\n" }
        guard words.count == 2 else { return nil }
        self.init(process: Int32(words[1]), machine: words[0])
    }

    /// For people, such as `process 4711`.
    public var description: String {
        switch isRunning {
        case true?: "process \(process)"
        case false?: "process \(process), which has ended"
        case nil: "process \(process) of another machine"
        }
    }
}
