import Dispatch
import Foundation
import Synchronization

/// An HTTP server on this machine that serves one file by byte ranges, badly if asked to.
///
/// Each connection gets one answer and is closed.
public final class LoopbackServer: Sendable {
    /// How the first requests are treated.
    public enum Mood: Sendable {
        /// Answered as they should be.
        case good
        /// This many are answered with status 503.
        case busy(Int)
        /// This many are answered with half of the bytes.
        case dropping(Int)
        /// All of the file is sent whatever part is asked for.
        case withoutRanges
        /// As `withoutRanges`, but every answer ends halfway.
        case breakingOff
        /// Requests are answered with this status.
        case failing(Int)
        /// Requests are sent to this address.
        case redirecting(String)
    }

    /// The address of the file.
    public var url: String { "http://127.0.0.1:\(port)/clip.mp4" }
    /// Requests so far, each as the range it asked for.
    public var requests: [String] { state.withLock { $0.requests } }
    /// What came as `Authorization` with each request, empty if nothing did.
    public var authorizations: [String] { state.withLock { $0.authorizations } }

    private struct State {
        var content: [UInt8]
        var requests: [String] = []
        var authorizations: [String] = []
        var badAnswersLeft: Int
    }

    private let mood: Mood
    /// Where it listens.
    public let port: UInt16
    private let listener: Int32
    private let state: Mutex<State>

    /// Serves the file at `path` from now on.
    public init(path: String, mood: Mood = .good) throws {
        self.mood = mood
        let bad =
            switch mood {
            case .busy(let count), .dropping(let count): count
            default: 0
            }
        let content = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        state = Mutex(State(content: content, badAnswersLeft: bad))
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        port = try withUnsafeMutablePointer(to: &address) { pointer in
            try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                guard bind(listener, $0, size) == 0, listen(listener, 16) == 0,
                    getsockname(listener, $0, &size) == 0
                else { throw POSIXError(.EADDRNOTAVAIL) }
            }
            return UInt16(bigEndian: pointer.pointee.sin_port)
        }
        DispatchQueue(label: "server").async { [weak self] in
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0, let server = self else { return }
                server.answer(connection)
                close(connection)
            }
        }
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    /// Serves the file at `path` instead from now on.
    public func replaceContent(path: String) throws {
        let content = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        state.withLock { $0.content = content }
    }

    private func answer(_ connection: Int32) {
        var buffer = [UInt8](repeating: 0, count: 8192)
        let count = read(connection, &buffer, buffer.count)
        guard count > 0 else { return }
        let request = String(decoding: buffer[..<count], as: UTF8.self)
        let range = request.firstMatch(of: /bytes=(\d+)-/).flatMap { Int($0.1) } ?? 0
        let authorization = request.firstMatch(of: /Authorization: ([^\r]*)/).map { "\($0.1)" }
        let (isBad, content) = state.withLock { state in
            state.requests.append("\(range)-")
            state.authorizations.append(authorization ?? "")
            state.badAnswersLeft -= 1
            return (state.badAnswersLeft >= 0, state.content)
        }
        switch mood {
        case .withoutRanges:
            write("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", to: connection)
            return send(content, to: connection)
        case .breakingOff:
            write("HTTP/1.1 200 OK\r\nContent-Length: \(content.count)\r\n\r\n", to: connection)
            return send(Array(content.prefix(content.count / 2)), to: connection)
        case .failing(let status):
            return write("HTTP/1.1 \(status) No\r\nContent-Length: 0\r\n\r\n", to: connection)
        case .redirecting(let address):
            return write(
                "HTTP/1.1 302 Found\r\nLocation: \(address)\r\nContent-Length: 0\r\n\r\n",
                to: connection)
        default: break
        }
        if isBad, case .busy = mood {
            return write(
                "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
                to: connection)
        }
        let start = min(range, content.count)
        var body = content[start...]
        write(
            "HTTP/1.1 206 Partial Content\r\nAccept-Ranges: bytes\r\nConnection: close\r\n"
                + "ETag: \"\(content.hashValue)\"\r\n"
                + "Content-Range: bytes \(start)-\(content.count - 1)/\(content.count)\r\n"
                + "Content-Length: \(body.count)\r\n\r\n", to: connection)
        if isBad, case .dropping = mood { body = body.prefix(body.count / 2) }
        send(Array(body), to: connection)
    }

    private func write(_ text: String, to connection: Int32) {
        send(Array(text.utf8), to: connection)
    }

    private func send(_ bytes: [UInt8], to connection: Int32) {
        var done = 0
        while done < bytes.count {
            let sent = bytes.withUnsafeBytes {
                Foundation.send(
                    connection, $0.baseAddress.map { $0 + done }, bytes.count - done,
                    Int32(MSG_NOSIGNAL))
            }
            guard sent > 0 else { return }
            done += sent
        }
    }
}
