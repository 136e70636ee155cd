import Recipes

/// The web addresses in a manifest: which hosts they name, and the credentials that some hold.
///
/// Credentials are taken out of the text, so that nothing derived from it holds a password.
public struct WebAddresses: Sendable {
    /// In lower case, without ports.
    public private(set) var hosts: Set<String> = []
    /// `NAME:PASSWORD` of addresses, by what is left of them.
    private var credentials: [String: String] = [:]

    /// No addresses.
    public init() {}

    /// Finds the addresses among `videos` and takes their credentials out of them.
    public init(takingCredentialsOutOf videos: inout [String]) {
        for index in videos.indices where Clip(video: videos[index]).isRemote {
            var bytes = Array(videos[index].utf8)
            let found = WebAddresses(
                takingCredentialsOutOf: &bytes, delimiter: UInt8(ascii: "\t"))
            formUnion(found)
            videos[index] = String(decoding: bytes, as: UTF8.self)
        }
    }

    /// Adds those of `other`.
    public mutating func formUnion(_ other: WebAddresses) {
        hosts.formUnion(other.hosts)
        credentials.merge(other.credentials) { $1 }
    }

    /// `address`, as the manifest has it now, with the credentials that it had.
    public func withCredentials(_ address: String) -> String {
        guard let own = credentials[address], let border = address.firstRange(of: "://") else {
            return address
        }
        return address[..<border.upperBound] + own + "@" + address[border.upperBound...]
    }

    /// Finds the addresses in a whole CSV or TSV file and takes their credentials out of it.
    init(takingCredentialsOutOf bytes: inout [UInt8], delimiter: UInt8) {
        var parts: [Range<Int>] = []
        let scan = AddressScan(delimiter: delimiter)
        for address in scan.addresses(in: bytes.span) {
            hosts.insert(String(decoding: bytes[address.host], as: UTF8.self).lowercased())
            guard !address.credentials.isEmpty else { continue }
            // The `@` goes, too.
            let end = address.credentials.upperBound + 1
            let rest =
                bytes[address.start..<address.credentials.lowerBound] + bytes[end..<address.end]
            credentials[String(decoding: rest, as: UTF8.self)] = String(
                decoding: bytes[address.credentials], as: UTF8.self)
            parts.append(address.credentials.lowerBound..<end)
        }
        guard !parts.isEmpty else { return }
        var kept: [UInt8] = []
        kept.reserveCapacity(bytes.count)
        var position = 0
        for part in parts {
            kept += bytes[position..<part.lowerBound]
            position = part.upperBound
        }
        bytes = kept + bytes[position...]
    }
}

/// Finds web addresses in the text of a CSV or TSV file.
private struct AddressScan {
    struct Address {
        let start: Int
        let credentials: Range<Int>
        let host: Range<Int>
        let end: Int
    }

    let delimiter: UInt8
    private static let (quote, at) = (UInt8(ascii: "\""), UInt8(ascii: "@"))

    init(delimiter: UInt8) { self.delimiter = delimiter }

    func addresses(in bytes: Span<UInt8>) -> [Address] {
        var found: [Address] = []
        var (index, isQuoted, isFieldStart) = (0, false, true)
        while index < bytes.count {
            let byte = bytes[index]
            if byte == Self.quote {
                // A doubled quote ends the quotes and begins them again.
                (isQuoted, isFieldStart) = isQuoted ? (false, true) : (isFieldStart, false)
            } else {
                isFieldStart = !isQuoted && isBorder(byte)
            }
            if byte == UInt8(ascii: ":"), let start = start(of: bytes, colon: index) {
                let address = address(in: bytes, start: start, colon: index, isQuoted: isQuoted)
                if !address.host.isEmpty { found.append(address) }
            }
            // The path of an address may hold another one.
            index += 1
        }
        return found
    }

    /// Where `http` or `https` begins before `://` at `colon`; `nil` if that is something else.
    private func start(of bytes: Span<UInt8>, colon: Int) -> Int? {
        let slash = UInt8(ascii: "/")
        guard colon + 2 < bytes.count, bytes[colon + 1] == slash, bytes[colon + 2] == slash else {
            return nil
        }
        for scheme in ["https", "http"] {
            let start = colon - scheme.utf8.count
            guard start >= 0 else { continue }
            if zip(start..<colon, scheme.utf8).allSatisfy({ bytes[$0] | 0x20 == $1 }) {
                return start
            }
        }
        return nil
    }

    private func address(
        in bytes: Span<UInt8>, start: Int, colon: Int, isQuoted: Bool
    ) -> Address {
        func ends(_ byte: UInt8) -> Bool {
            byte == Self.quote || (!isQuoted && isBorder(byte))
        }
        let authority = colon + 3
        var (end, lastAt, authorityEnd) = (authority, -1, -1)
        while end < bytes.count, !ends(bytes[end]) {
            let byte = bytes[end]
            if authorityEnd < 0 {
                if byte == Self.at { lastAt = end }
                let isEnd = byte <= 0x20 || [0x23, 0x2F, 0x3F].contains(byte)  // `#`, `/`, `?`
                if isEnd { authorityEnd = end }
            }
            end += 1
        }
        if authorityEnd < 0 { authorityEnd = end }
        let hostStart = lastAt < 0 ? authority : lastAt + 1
        var hostEnd = hostStart
        let isBracketed = hostStart < authorityEnd && bytes[hostStart] == UInt8(ascii: "[")
        while hostEnd < authorityEnd {
            if bytes[hostEnd] == UInt8(ascii: ":"), !isBracketed { break }
            hostEnd += 1
            if isBracketed, bytes[hostEnd - 1] == UInt8(ascii: "]") { break }
        }
        return Address(
            start: start, credentials: authority..<max(authority, lastAt),
            host: hostStart..<hostEnd,
            end: end)
    }

    private func isBorder(_ byte: UInt8) -> Bool {
        byte == delimiter || byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
    }
}
