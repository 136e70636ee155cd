import Dispatch
import Foundation

/// Tells other processes, on any machine that shares the file system, that this one is doing a
/// piece of work: a file that only one of them can create (`O_EXCL`).
///
/// While the claim is held, its file's modification time is renewed; a claim that was not renewed
/// for its lifetime, or whose process on this machine is gone, can be taken over. A process that
/// was only suspended may then find another one doing the same work, so both must produce the same
/// result.
public final class Claim: Sendable {
    /// Seconds without renewal after which the holder counts as dead.
    public static let lifetimeSeconds = 60.0

    private let path: String
    private let descriptor: Int32
    // Guard: only kept alive, and cancelled by `deinit`.
    nonisolated(unsafe) private let renewal: any DispatchSourceTimer

    /// Claims what `path` stands for; `nil` if somebody holds it.
    /// - Parameters:
    ///   - path: The claim's file, in a directory that exists.
    ///   - takesOver: Whether to check if the holder is dead, which costs a few file accesses.
    ///   - lifetimeSeconds: Seconds after which a claim that is not renewed may be taken over.
    /// - Throws: `FileError.system`; `.cannotCreate` if the age of another claim cannot be told,
    ///   because nothing can be written beside it.
    public init?(
        path: String, takesOver: Bool = true, lifetimeSeconds: Double = Claim.lifetimeSeconds
    ) throws(FileError) {
        func create() -> Int32 { unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644) }
        var descriptor = create()
        if descriptor < 0, errno == EEXIST {
            guard takesOver, try Self.isAbandoned(path, lifetimeSeconds) else { return nil }
            // Of several that notice, one moves it away.
            let dead = "\(path).\(DurableFile.machine)-\(getpid()).dead"
            guard unsafe rename(path, dead) == 0 else { return nil }
            unsafe unlink(dead)
            descriptor = create()
            if descriptor < 0, errno == EEXIST { return nil }
        }
        try check(descriptor, "claim", path)
        self.path = path
        self.descriptor = descriptor
        let timer = DispatchSource.makeTimerSource(queue: DispatchQueue(label: "claim"))
        let interval = lifetimeSeconds / 6
        timer.schedule(deadline: .now() + interval, repeating: interval)
        timer.setEventHandler { futimens(descriptor, nil) }
        timer.setCancelHandler { close(descriptor) }
        unsafe renewal = timer
        timer.resume()
        let holder = Array("\(DurableFile.machine) \(getpid())\n".utf8)
        _ = unsafe holder.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
    }

    deinit {
        // It may have been taken over.
        var (own, found) = (stat(), stat())
        if unsafe fstat(descriptor, &own) == 0, unsafe stat(path, &found) == 0,
            own.st_ino == found.st_ino
        {
            unsafe unlink(path)
        }
        unsafe renewal.cancel()
    }

    /// When the claim at `path` was renewed last, in nanoseconds since 1970 on its file system's
    /// clock; `nil` if there is none.
    public static func renewalTime(at path: String) -> Int64? {
        try? FileStamp(path: path).modified
    }

    private static func isAbandoned(
        _ path: String, _ lifetimeSeconds: Double
    ) throws(FileError) -> Bool {
        guard let renewed = renewalTime(at: path) else { return true }
        if FileOwner(ofClaim: path)?.isRunning == false { return true }
        let now = try fileSystemTime(in: parentDirectory(of: path))
        return Double(now - renewed) > lifetimeSeconds * 1e9
    }
}

/// Nanoseconds since 1970 on the clock of the file system that `directory` is on, which machines
/// that share it have in common.
///
/// A temporary is created for it and removed.
/// - Throws: `FileError.cannotCreate` or `.system`.
public func fileSystemTime(in directory: String) throws(FileError) -> Int64 {
    let file = try DurableFile(path: "\(directory)/clock")
    return try FileStamp(path: file.temporaryPath).modified
}
