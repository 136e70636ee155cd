import Files
import Foundation

/// Messages between a run and one of its decode workers, over one stream socket.
///
/// A message is two little-endian UInt32 sizes, a JSON header and raw bytes. The other side may be
/// a decoder that a hostile file has taken over: sizes are bounded before anything is allocated.
struct WorkerChannel: Sendable {
    /// What was received.
    struct Message {
        let header: [UInt8]
        let payload: [UInt8]
    }

    /// Why the other side is of no more use.
    enum Failure: Error, Equatable {
        case closed
        case late
        case malformed
    }

    static let maximumHeaderBytes = 1 << 20

    /// The open socket; closed by its owner.
    let descriptor: Int32

    /// Sends a message, however long the other side takes.
    func send(_ header: some Encodable, payload: [UInt8] = []) throws {
        let header = try canonicalJSON(header, pretty: false)
        var sizes: [UInt8] = []
        for size in [UInt32(header.count), UInt32(payload.count)] {
            withUnsafeBytes(of: size.littleEndian) { sizes += $0 }
        }
        try send(sizes + header)
        try send(payload)
    }

    /// Receives a message.
    ///
    /// A payload of more than `maximumPayloadBytes` is malformed, and no `deadline` means to wait for
    /// ever.
    func receive(
        maximumPayloadBytes: Int, deadline: ContinuousClock.Instant? = nil
    ) throws(Failure) -> Message {
        let sizes = try receive(count: 8, deadline: deadline)
        func size(at offset: Int) -> Int {
            (0..<4).reduce(0) { $0 | Int(sizes[offset + $1]) << (8 * $1) }
        }
        guard size(at: 0) <= Self.maximumHeaderBytes, size(at: 4) <= maximumPayloadBytes else {
            throw .malformed
        }
        return Message(
            header: try receive(count: size(at: 0), deadline: deadline),
            payload: try receive(count: size(at: 4), deadline: deadline))
    }

    private func send(_ bytes: [UInt8]) throws(Failure) {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                Foundation.send(
                    descriptor, buffer.baseAddress.map { $0 + done }, buffer.count - done,
                    Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .closed }
            done += count
        }
    }

    private func receive(
        count: Int, deadline: ContinuousClock.Instant?
    ) throws(Failure) -> [UInt8] {
        var failure: Failure?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, done in
            while done < count {
                if let deadline {
                    let left = (deadline - .now).inSeconds * 1000
                    guard left > 0 else {
                        failure = .late
                        return
                    }
                    var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                    let ready = poll(&entry, 1, Int32(min(left.rounded(.up), 1e6)))
                    if ready <= 0 { continue }
                }
                let got = read(descriptor, buffer.baseAddress.map { $0 + done }, count - done)
                if got < 0, errno == EINTR { continue }
                guard got > 0 else {
                    failure = .closed
                    return
                }
                done += got
            }
        }
        if let failure { throw failure }
        return bytes
    }
}
