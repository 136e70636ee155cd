import Files
import Foundation

/// What a server says about a file, to tell later whether it is still the same.
public struct RemoteStamp: Sendable, Hashable, Codable {
    /// The header `ETag`, empty if there is none.
    public let etag: String
    /// The header `Last-Modified`, empty if there is none.
    public let lastModified: String
    /// Size in bytes, -1 if the server does not say.
    public let length: Int

    init(_ head: HTTPHead) {
        etag = head.fields["etag"] ?? ""
        lastModified = head.fields["last-modified"] ?? ""
        length =
            head.contentRange?.total
            ?? (head.status == 200 ? head.fields["content-length"].flatMap { Int($0) } : nil) ?? -1
    }

    /// Whether no value that both stamps hold shows that the file has changed.
    public func agrees(with other: RemoteStamp) -> Bool {
        if !etag.isEmpty, !other.etag.isEmpty, etag != other.etag { return false }
        if length >= 0, other.length >= 0, length != other.length { return false }
        return lastModified.isEmpty || other.lastModified.isEmpty
            || lastModified == other.lastModified
    }
}

/// A video behind a web address, which is fetched whole, since all of its packets are read anyway.
///
/// A connection that breaks is resumed where it broke. Redirects are followed to the same host and
/// to those that the manifest names; credentials go to no other host, and never without TLS if the
/// address had it.
public struct RemoteVideo {
    /// Size in bytes of the largest file that is fetched.
    public static let maximumBytes = 4 << 30
    /// Seconds to wait before another try where a server is busy or a connection broke.
    private static let pauses = [0.1, 1]
    private static let maximumRedirects = 5

    private var address: WebAddress
    private let allowedHosts: Set<String>
    private let deadline: Deadline

    /// Stands for the video at `url`; nothing is fetched yet.
    /// - Parameters:
    ///   - url: The address, with credentials if the server wants them.
    ///   - allowedHosts: Hosts in lower case that redirects may lead to besides the address's own.
    ///   - deadline: Ends the fetching.
    /// - Throws: `DecodeError.unreachable` if `url` is malformed.
    public init(
        _ url: String, allowedHosts: Set<String> = [], deadline: Deadline
    ) throws(DecodeError) {
        address = try WebAddress(url)
        self.allowedHosts = allowedHosts
        self.deadline = deadline
    }

    /// What the server says about the file now.
    /// - Throws: `DecodeError.unreachable` with the cause; `.timeout` or `.stalled` if the deadline
    ///   has passed.
    public mutating func stamp() throws(DecodeError) -> RemoteStamp {
        RemoteStamp(try request(from: 0, to: 0).head)
    }

    /// Writes the content to `descriptor`, an empty file.
    /// - Returns: What the server says about the file.
    /// - Throws: `DecodeError.unreachable` with the cause; `.noSpace` if the file cannot be
    ///   written; `.timeout` or `.stalled` if the deadline has passed.
    public mutating func fetch(into descriptor: Int32) throws(DecodeError) -> RemoteStamp {
        var (received, furthest) = (0, 0)
        var known: RemoteStamp?
        var (failures, restarts) = (0, 0)
        while true {
            let (connection, head) = try request(from: received)
            let stamp = RemoteStamp(head)
            if head.status == 200 {
                received = 0
                known = stamp
            } else if head.contentRange?.first != received
                || known.map({ !$0.agrees(with: stamp) }) ?? false
            {
                // It is another file by now.
                restarts += 1
                guard received > 0, restarts < 3 else {
                    throw .unreachable(detail: "the server sends other parts than it is asked for")
                }
                received = 0
                known = nil
                continue
            }
            known = known ?? stamp
            guard stamp.length <= Self.maximumBytes else { throw Self.tooLarge }
            let isWhole = try connection.readContent(head) { (piece) throws(DecodeError) in
                guard received + piece.count <= Self.maximumBytes else { throw Self.tooLarge }
                try write(piece, at: received, to: descriptor)
                received += piece.count
            }
            if isWhole, stamp.length < 0 || received >= stamp.length {
                ftruncate(descriptor, off_t(received))
                return known ?? stamp
            }
            // A server without ranges begins anew each time, so progress is what comes after that.
            failures = received > furthest ? 0 : failures + 1
            furthest = max(furthest, received)
            guard failures < Self.pauses.count else {
                throw .unreachable(
                    detail: "the connection broke after \(counted(received, "byte"))")
            }
            try pause(failures)
        }
    }

    private static var tooLarge: DecodeError {
        .unreachable(detail: "it is larger than \(maximumBytes >> 30) GiB; download it first")
    }

    /// Asks for the content, following redirects and waiting for busy servers.
    private mutating func request(
        from offset: Int, to last: Int? = nil
    ) throws(DecodeError) -> (connection: HTTPConnection, head: HTTPHead) {
        var (redirects, attempts) = (0, 0)
        while true {
            let connection = try HTTPConnection(address, deadline: deadline)
            let head = try connection.get(address, from: offset, to: last)
            switch head.status {
            case 200, 206:
                return (connection, head)
            case 301, 302, 303, 307, 308:
                redirects += 1
                guard redirects <= Self.maximumRedirects, let location = head.fields["location"]
                else { throw .unreachable(detail: "the server redirects too many times") }
                address = try redirected(to: location)
            default:
                let isBusy = head.status == 429 || head.status >= 500
                guard isBusy, attempts < Self.pauses.count else {
                    throw .unreachable(detail: "the server answers with status \(head.status)")
                }
                try pause(attempts)
                attempts += 1
            }
        }
    }

    private func redirected(to location: String) throws(DecodeError) -> WebAddress {
        var target = try address.resolving(location)
        guard target.host == address.host || allowedHosts.contains(target.host) else {
            throw .unreachable(
                detail:
                    "the server redirects to the host `\(target.host)`, which the manifest does "
                    + "not name; write that address")
        }
        guard target.isSecure || !address.isSecure else {
            throw .unreachable(detail: "the server redirects from https to http")
        }
        let keepsCredentials = target.host == address.host && target.port == address.port
        if keepsCredentials { target.credentials = address.credentials }
        return target
    }

    private func write(
        _ bytes: [UInt8], at offset: Int, to descriptor: Int32
    ) throws(DecodeError) {
        var done = 0
        while done < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe pwrite(
                    descriptor, buffer.baseAddress.map { unsafe $0 + done }, buffer.count - done,
                    off_t(offset + done))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .noSpace(detail: unsafe String(cString: strerror(errno))) }
            done += count
        }
    }

    private func pause(_ number: Int) throws(DecodeError) {
        let end = ContinuousClock.now + .seconds(Self.pauses[min(number, Self.pauses.count - 1)])
        while ContinuousClock.now < end {
            usleep(20_000)
            try deadline.check(.open)
        }
    }
}

/// Fetches `url` into a file without a name, in the folder for temporary files.
/// - Throws: as `RemoteVideo.fetch`.
func fetchVideo(_ url: String, deadline: Deadline) throws(DecodeError) -> ReadableFile {
    var video = try RemoteVideo(url, deadline: deadline)
    do {
        let descriptor = try makeUnnamedFile(in: NSTemporaryDirectory())
        do {
            _ = try video.fetch(into: descriptor)
        } catch {
            close(descriptor)
            throw error
        }
        return try ReadableFile(adopting: descriptor, path: url)
    } catch let error as DecodeError {
        throw error
    } catch {
        throw .noSpace(detail: "\(error)")
    }
}
