public import Foundation

/// `vbprep` or `vbtrain` as it was built, run as a user does.
public final class BuiltProgram {
    /// How a run ended.
    public struct Outcome: Sendable {
        /// Exit status, or the signal's number if it was killed.
        public let status: Int32
        /// Everything on stdout.
        public let output: String
        /// Everything on stderr.
        public let errors: String
    }

    private let process = Process()
    private let scratch: URL

    private static let binaries =
        Bundle.allBundles.first { $0.bundlePath.hasSuffix(".xctest") }?
        .bundleURL.deletingLastPathComponent()
        ?? URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()

    /// Where `program` was built.
    public static func path(_ program: String) -> String {
        binaries.appendingPathComponent(program).path
    }

    /// Starts `program`; the working directory is the package unless `directory` says otherwise, and
    /// `variables` are added to the environment.
    public init(
        _ program: String, _ arguments: [String], directory: URL? = nil,
        variables: [String: String] = [:]
    ) throws {
        scratch = try Fixtures.makeTemporaryDirectory()
        process.executableURL = Self.binaries.appendingPathComponent(program)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(variables) { $1 }
        process.currentDirectoryURL = directory ?? Fixtures.package
        let files = ["out", "err"].map { scratch.appendingPathComponent($0) }
        for file in files { try Data().write(to: file) }
        process.standardOutput = try FileHandle(forWritingTo: files[0])
        process.standardError = try FileHandle(forWritingTo: files[1])
        try process.run()
    }

    deinit { try? FileManager.default.removeItem(at: scratch) }

    /// The program did not end by itself.
    public struct Hung: Error {}

    /// Waits for the end.
    /// - Throws: `Hung` after ten minutes, and kills the program.
    public func outcome() throws -> Outcome {
        let deadline = ContinuousClock.now + .seconds(600)
        while process.isRunning {
            guard ContinuousClock.now < deadline else {
                send(SIGKILL)
                throw Hung()
            }
            usleep(2000)
        }
        func text(_ name: String) throws -> String {
            try String(contentsOf: scratch.appendingPathComponent(name), encoding: .utf8)
        }
        return Outcome(
            status: process.terminationStatus, output: try text("out"), errors: try text("err"))
    }

    /// The program's number.
    public var identifier: pid_t { process.processIdentifier }

    /// Sends `signal` to the program itself.
    public func send(_ signal: Int32) {
        kill(process.processIdentifier, signal)
    }

    /// The processes that the program has started, once there are at least `count`; `nil` if it ends
    /// before.
    public func children(atLeast count: Int) -> [pid_t]? {
        while process.isRunning {
            let children = children
            if children.count >= count { return children }
            usleep(2000)
        }
        return nil
    }

    /// Waits until the program has started a process that is not one of `known`; at most a minute.
    public func waitForChild(otherThan known: [pid_t]) -> pid_t? {
        let deadline = ContinuousClock.now + .seconds(60)
        while process.isRunning, ContinuousClock.now < deadline {
            if let child = children.first(where: { !known.contains($0) }) { return child }
            usleep(2000)
        }
        return nil
    }

    private var children: [pid_t] {
        let path = "/proc/\(process.processIdentifier)/task"
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return threads.flatMap { thread in
            let list = try? String(contentsOfFile: "\(path)/\(thread)/children", encoding: .utf8)
            return (list ?? "").split(separator: " ").compactMap { pid_t($0) }
        }
    }
}
