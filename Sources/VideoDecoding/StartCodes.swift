/// A place in a packet where MPEG's start code prefix `00 00 01` stands.
struct StartCode: Equatable {
    /// The byte after the prefix.
    let value: UInt8
    /// The first byte after `value`.
    let end: Int
}

extension Span<UInt8> {
    /// The first start code whose prefix begins at or after byte `start`; `nil` if there is none.
    func startCode(from start: Int) -> StartCode? {
        var place = start + 2
        while place < count - 1 {
            // The last byte of a prefix is 1, so larger bytes rule out three places at once.
            let byte = self[place]
            if byte > 1 {
                place += 3
            } else if byte == 1, self[place - 1] == 0, self[place - 2] == 0 {
                return StartCode(value: self[place + 1], end: place + 2)
            } else {
                place += 1
            }
        }
        return nil
    }

    /// A copy of at most `limit` bytes from byte `start` on.
    func prefix(from start: Int, limit: Int) -> [UInt8] {
        let end = Swift.min(count, start + limit)
        guard start < end else { return [] }
        return unsafe extracting(start..<end).withUnsafeBufferPointer { unsafe Array($0) }
    }
}
