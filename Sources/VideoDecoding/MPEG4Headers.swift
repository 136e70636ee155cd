/// The headers of an MPEG-4 part 2 stream before its pictures.
///
/// Decoding from the middle of the stream is exact only if all of them were seen with the first
/// packet and none changes later.
struct MPEG4Headers {
    static let pictureCode: UInt8 = 0xb6

    private(set) var layer: MPEG4VideoObjectLayer?
    /// Whether DivX stores B-pictures in the packet of the reference before.
    private(set) var isPacked = false
    private(set) var isDivX = false
    /// Whether `libavcodec` knows a DivX that leaves out the markers between sprite coordinates.
    private(set) var lacksSpriteMarkers = false
    /// Why the pictures cannot be counted without decoding.
    private(set) var doubt: String?
    private var isXvid = false
    private var hasSettled = false
    /// Headers seen so far, without stuffing at their end.
    private var seen: Set<[UInt8]> = []

    /// Reads all headers up to the first picture.
    ///
    /// - Returns: Where the header of the picture begins; `nil` if there is no picture.
    @discardableResult
    mutating func read(_ source: HeaderBytes, clock: inout MPEG4Clock) -> Int? {
        let bytes = source.bytes
        var next = bytes.span.startCode(from: 0)
        while let code = next {
            if code.value == Self.pictureCode { return code.end }
            next = bytes.span.startCode(from: code.end)
            let end = next.map { $0.end - 4 } ?? bytes.count
            let content = Array(bytes[code.end..<max(code.end, end)])
            switch code.value {
            case 0x20...0x2f: readLayer(code.value, content)
            case 0xb2: readUserData(content)
            case 0xb3:
                var bits = BitReader(content)
                clock.readGroup(&bits)
            case 0xb5: note(code.value, content)
            default: break
            }
        }
        if source.size > bytes.count { doubt = doubt ?? "headers are too long" }
        return nil
    }

    /// From now on headers may repeat but not change.
    mutating func freezeAfterFirstPacket() { hasSettled = true }

    /// Whether a packet of one byte is a placeholder.
    var allowsPlaceholderByte: Bool { isDivX || isXvid }

    /// Whether the header was not seen before.
    @discardableResult
    private mutating func note(_ code: UInt8, _ content: [UInt8]) -> Bool {
        let last = content.lastIndex { $0 != 0 } ?? -1
        let isNew = seen.insert([code] + content.prefix(last + 1)).inserted
        if isNew, hasSettled { doubt = doubt ?? "headers change within the stream" }
        return isNew
    }

    private mutating func readLayer(_ code: UInt8, _ content: [UInt8]) {
        // Layers differ in their codes only, which the decoder ignores.
        note(0x20, content)
        guard layer == nil else { return }
        var bits = BitReader(content)
        layer = MPEG4VideoObjectLayer(&bits)
        if layer == nil { doubt = doubt ?? "the stream uses rare tools of MPEG-4" }
    }

    /// Source: `decode_user_data` in `libavcodec/mpeg4videodec.c`.
    private mutating func readUserData(_ content: [UInt8]) {
        let text = String(decoding: content.prefix { $0 != 0 }.prefix(255), as: UTF8.self)
        guard ["DivX", "XviD", "Lavc", "FFmpe", "ffmpeg"].contains(where: text.hasPrefix) else {
            return
        }
        guard note(0xb2, content) else { return }
        if text.hasPrefix("XviD") { isXvid = true }
        guard text.hasPrefix("DivX") else { return }
        let version = Self.number(in: text.dropFirst(4))
        var rest = text.dropFirst(4 + version.count)
        rest = rest.dropFirst(rest.hasPrefix("Build") ? 5 : rest.hasPrefix("b") ? 1 : rest.count)
        let build = Self.number(in: rest)
        guard !version.isEmpty, !build.isEmpty else { return }
        isDivX = true
        isPacked = rest.dropFirst(build.count).first == "p"
        lacksSpriteMarkers = version == "500" && build == "413"
    }

    private static func number(in text: Substring) -> Substring {
        text.prefix { $0.isASCII && $0.isNumber }
    }
}

/// The time of MPEG-4 pictures, which decides whether libavcodec decodes a B-picture.
///
/// Source: `decode_vop_header` in `libavcodec/mpeg4videodec.c`, `pp_time` in
/// `libavcodec/mpegvideo.h`.
struct MPEG4Clock {
    private var base = 0
    private var latestBase = 0
    private var latestReference = 0
    /// Time between the latest two references, in the 16 bits that libavcodec keeps of it.
    private var referenceStep: UInt16 = 0

    /// Reads the header of a group of pictures, which sets the clock.
    mutating func readGroup(_ bits: inout BitReader) {
        guard bits.peek(23) != 0 else { return }
        let hours = bits.read(5)
        let minutes = bits.read(6)
        bits.skip(1)
        base = bits.read(6) + 60 * (minutes + 60 * hours)
    }

    /// Goes on to `picture`; `false` if the decoder leaves it out because of its time.
    mutating func advance(to picture: MPEG4VideoObjectPlane, resolution: Int) -> Bool {
        guard picture.kind == .disposable else {
            latestBase = base
            base += picture.numSeconds
            let time = base * resolution + picture.timeIncrement
            referenceStep = UInt16(truncatingIfNeeded: time - latestReference)
            latestReference = time
            return true
        }
        let time = (latestBase + picture.numSeconds) * resolution + picture.timeIncrement
        let step = UInt16(truncatingIfNeeded: Int(referenceStep) - (latestReference - time))
        return referenceStep > 0 && step > 0 && step < referenceStep
    }
}
