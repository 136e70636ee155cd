import Foundation

/// The parts of an http(s) address.
struct WebAddress: Sendable, Equatable {
    let isSecure: Bool
    /// In lower case; an IPv6 address stands in brackets.
    let host: String
    let port: Int
    /// Path and query as they are sent.
    let target: String
    /// Name and password, still percent-encoded; `nil` if there are none.
    var credentials: String?

    /// Whether `text` is an http(s) address rather than a path.
    static func isOne(_ text: String) -> Bool {
        let scheme = text.prefix(8).lowercased()
        return scheme.hasPrefix("http://") || scheme == "https://"
    }

    /// Parses an absolute address; characters that may not be sent are percent-encoded.
    /// - Throws: `DecodeError.unreachable` if it has no host or a port that does not exist.
    init(_ text: String) throws(DecodeError) {
        guard Self.isOne(text), let border = text.range(of: "://") else {
            throw .unreachable(detail: "it is not an http(s) address")
        }
        isSecure = text[..<border.lowerBound].lowercased() == "https"
        let rest = text[border.upperBound...].prefix { $0 != "#" }
        var authority = rest.prefix { $0 != "/" && $0 != "?" }
        let path = rest[authority.endIndex...]
        target = Self.encoded(path.hasPrefix("/") ? String(path) : "/" + path)
        if let at = authority.lastIndex(of: "@") {
            credentials = String(authority[..<at])
            authority = authority[authority.index(after: at)...]
        } else {
            credentials = nil
        }
        var portText: Substring = ""
        if let colon = authority.lastIndex(of: ":"), !authority[colon...].contains("]") {
            portText = authority[authority.index(after: colon)...]
            authority = authority[..<colon]
        }
        host = authority.lowercased()
        let isPlain = host.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "?") }
        guard !host.isEmpty, isPlain else {
            throw .unreachable(detail: "`\(host)` is not a host name")
        }
        guard let port = portText.isEmpty ? (isSecure ? 443 : 80) : Int(portText),
            (1...65535).contains(port)
        else { throw .unreachable(detail: "there is no port `\(portText)`") }
        self.port = port
    }

    /// The address that a `Location` header in an answer from this one refers to.
    /// - Throws: `DecodeError.unreachable`.
    func resolving(_ location: String) throws(DecodeError) -> WebAddress {
        if location.prefix(16).contains("://") { return try WebAddress(location) }
        let scheme = isSecure ? "https:" : "http:"
        if location.hasPrefix("//") { return try WebAddress(scheme + location) }
        let path = target.prefix { $0 != "?" }
        let folder = path[...(path.lastIndex(of: "/") ?? path.startIndex)]
        return try WebAddress(
            "\(scheme)//\(host):\(port)" + (location.hasPrefix("/") ? location : folder + location))
    }

    /// The value of the header `Host`.
    var hostHeader: String { port == (isSecure ? 443 : 80) ? host : "\(host):\(port)" }

    /// The value of the header `Authorization` (RFC 7617), if there are credentials.
    var authorization: String? {
        credentials.map { text in
            let plain = text.removingPercentEncoding ?? text
            return "Basic " + Data(plain.utf8).base64EncodedString()
        }
    }

    /// `text` with the bytes that may not stand in a request percent-encoded.
    private static func encoded(_ text: String) -> String {
        text.utf8.map { byte in
            byte > 0x20 && byte < 0x7F
                ? String(UnicodeScalar(byte))
                : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }.joined()
    }
}
