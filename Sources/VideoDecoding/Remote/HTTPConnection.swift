import CFFmpeg
import Foundation

/// What a server says before the content.
struct HTTPHead {
    let status: Int
    /// Fields by lower-case name; of several with one name the last counts.
    let fields: [String: String]

    /// Reads a status line and the fields below it (RFC 9112); `nil` if `text` is not that.
    init?(_ text: String) {
        let lines = text.split(separator: "\r\n")
        let words = (lines.first ?? "").split(separator: " ")
        guard let version = words.first, version.hasPrefix("HTTP/1."), words.count > 1,
            let status = Int(words[1]), (100...599).contains(status)
        else { return nil }
        self.status = status
        var fields: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            fields[line[..<colon].lowercased()] = line[line.index(after: colon)...]
                .trimmingCharacters(in: .whitespaces)
        }
        self.fields = fields
    }

    /// The numbers of `Content-Range: bytes FIRST-LAST/TOTAL`; `nil` without such a field.
    var contentRange: (first: Int, total: Int)? {
        guard let text = fields["content-range"],
            let match = text.wholeMatch(of: /bytes (\d{1,18})-\d+\/(\d{1,18})/),
            let first = Int(match.1), let total = Int(match.2)
        else { return nil }
        return (first, total)
    }
}

/// One request and its answer over a connection of its own.
///
/// FFmpeg opens the connection (`tcp://`, `tls://`), because it has TLS; the protocol on top is
/// ours, because FFmpeg's follows redirects to wherever a server points. A server needs a
/// certificate that this machine trusts.
@safe
final class HTTPConnection {
    private var io: UnsafeMutablePointer<AVIOContext>?
    private let deadline: Deadline
    /// Bytes that were received and not used yet.
    private var waiting: [UInt8] = []

    /// A longer status line and header are refused.
    private static let maximumHeadCount = 64 << 10

    /// Connects to the host of `address`.
    /// - Throws: `DecodeError.unreachable` with the cause, or that of a passed deadline.
    init(_ address: WebAddress, deadline: Deadline) throws(DecodeError) {
        self.deadline = deadline
        var interrupt = unsafe AVIOInterruptCB(
            callback: { opaque in
                guard let opaque = unsafe opaque else { return 0 }
                return unsafe Unmanaged<Deadline>.fromOpaque(opaque).takeUnretainedValue().hasPassed
                    ? 1 : 0
            },
            opaque: Unmanaged.passUnretained(deadline).toOpaque())
        var options: OpaquePointer?
        defer { unsafe av_dict_free(&options) }
        unsafe av_dict_set(&options, "protocol_whitelist", "tcp,tls", 0)
        // FFmpeg verifies no certificate unless it is told to.
        unsafe av_dict_set(&options, "tls_verify", "1", 0)
        let url = "\(address.isSecure ? "tls" : "tcp")://\(address.host):\(address.port)"
        let status = unsafe avio_open2(&io, url, AVIO_FLAG_READ_WRITE, &interrupt, &options)
        guard status < 0 else { return }
        if status == vbp_error_exit() || deadline.hasPassed { throw deadline.error(.open) }
        // What TLS objects to and which name is not known, FFmpeg only logs.
        if status == -EIO, !Self.isKnown(address.host) {
            throw .unreachable(detail: "the host \(address.host) was not found")
        }
        if address.isSecure, status == -EIO {
            throw .unreachable(
                detail: "there is no TLS connection to it, or this machine does not trust its "
                    + "certificate (package ca-certificates)")
        }
        throw .unreachable(detail: ffmpegMessage(status))
    }

    /// Whether the host's name has an address.
    private static func isKnown(_ host: String) -> Bool {
        var addresses: UnsafeMutablePointer<addrinfo>?
        defer { if unsafe addresses != nil { unsafe freeaddrinfo(addresses) } }
        return unsafe getaddrinfo(host, nil, nil, &addresses) == 0
    }

    deinit { unsafe avio_closep(&io) }

    /// Asks for the content of `address` from byte `offset`.
    func get(_ address: WebAddress, from offset: Int, to last: Int? = nil) throws(DecodeError)
        -> HTTPHead
    {
        var lines = [
            "GET \(address.target) HTTP/1.1", "Host: \(address.hostHeader)",
            "Range: bytes=\(offset)-\(last.map(String.init) ?? "")", "User-Agent: vbprep",
            "Accept: */*", "Accept-Encoding: identity", "Connection: close",
        ]
        if let authorization = address.authorization {
            lines.append("Authorization: \(authorization)")
        }
        let request = Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
        unsafe request.withUnsafeBufferPointer { buffer in
            unsafe avio_write(io, buffer.baseAddress, Int32(buffer.count))
            unsafe avio_flush(io)
        }
        while true {
            let head = try readHead()
            if head.status >= 200 { return head }
        }
    }

    private func readHead() throws(DecodeError) -> HTTPHead {
        let end: [UInt8] = [13, 10, 13, 10]
        while true {
            if let border = waiting.firstRange(of: end) {
                let text = String(decoding: waiting[..<border.lowerBound], as: UTF8.self)
                waiting.removeSubrange(..<border.upperBound)
                guard let head = HTTPHead(text) else { break }
                return head
            }
            guard waiting.count < Self.maximumHeadCount, try receive() else { break }
        }
        throw .unreachable(detail: "the server's answer is not HTTP")
    }

    /// Hands the content that follows `head` to `take`, piece by piece.
    /// - Returns: Whether all of it came, as far as the server says how much that is.
    func readContent(
        _ head: HTTPHead, _ take: ([UInt8]) throws(DecodeError) -> Void
    ) throws(DecodeError) -> Bool {
        if head.fields["transfer-encoding"]?.lowercased() == "chunked" {
            return try readChunks(take)
        }
        guard let text = head.fields["content-length"] else {
            while try receiveIfEmpty() { try take(takeWaiting(.max)) }
            return true
        }
        guard let count = Int(text), count >= 0 else {
            throw .unreachable(detail: "the server's answer is not HTTP")
        }
        return try read(count, take)
    }

    private func read(
        _ count: Int, _ take: ([UInt8]) throws(DecodeError) -> Void
    ) throws(DecodeError) -> Bool {
        var left = count
        while left > 0 {
            guard try receiveIfEmpty() else { return false }
            let piece = takeWaiting(left)
            left -= piece.count
            try take(piece)
        }
        return true
    }

    /// Source: RFC 9112, section 7.1.
    private func readChunks(
        _ take: ([UInt8]) throws(DecodeError) -> Void
    ) throws(DecodeError) -> Bool {
        while true {
            guard let line = try readLine() else { return false }
            guard let count = Int(line.prefix { $0 != ";" && $0 != " " }, radix: 16), count >= 0
            else { throw .unreachable(detail: "the server's answer is not HTTP") }
            if count == 0 { return true }
            guard try read(count, take), try readLine() != nil else { return false }
        }
    }

    private func readLine() throws(DecodeError) -> String? {
        while true {
            if let border = waiting.firstRange(of: [13, 10] as [UInt8]) {
                let line = String(decoding: waiting[..<border.lowerBound], as: UTF8.self)
                waiting.removeSubrange(..<border.upperBound)
                return line
            }
            guard waiting.count < Self.maximumHeadCount, try receive() else { return nil }
        }
    }

    private func takeWaiting(_ count: Int) -> [UInt8] {
        let piece = Array(waiting.prefix(count))
        waiting.removeFirst(piece.count)
        return piece
    }

    private func receiveIfEmpty() throws(DecodeError) -> Bool {
        if !waiting.isEmpty { return true }
        return try receive()
    }

    /// Adds what comes next to `waiting`; `false` if the connection has ended, however.
    private func receive() throws(DecodeError) -> Bool {
        try deadline.check(.open)
        let start = waiting.count
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        let count = unsafe buffer.withUnsafeMutableBufferPointer { buffer in
            unsafe avio_read_partial(io, buffer.baseAddress, Int32(buffer.count))
        }
        try deadline.check(.open)
        if count > 0 { waiting += buffer[..<Int(count)] }
        return waiting.count > start
    }
}
