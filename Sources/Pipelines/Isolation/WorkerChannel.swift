import CWorker
import Files
import Foundation

/// Messages between a run and one of its decode workers, over one stream socket.
///
/// A message is two little-endian UInt32 sizes, a JSON header and raw bytes. The other side may be
/// a decoder that a hostile file has taken over: sizes are bounded before anything is allocated.
struct WorkerChannel: Sendable {
    /// What was received.
    struct Message {
        fileprivate let header: [UInt8]
        let payload: [UInt8]
        /// The open file that came with it, for the receiver to close; -1 if none did.
        var descriptor: Int32 = -1

        /// Reads the header.
        func decoded<Value: Decodable>(as type: Value.Type) throws -> Value {
            try JSONDecoder().decode(type, from: Data(header))
        }
    }

    /// Why the channel cannot be used any more.
    enum Failure: Error, Equatable {
        case closed
        case late
        case malformed
    }

    static let maximumHeaderBytes = 1 << 20

    /// The open socket; closed by its owner.
    let descriptor: Int32

    /// A new pair of connected sockets, for the run and for a worker.
    /// - Throws: `PipelineError.worker`.
    static func socketPair() throws(PipelineError) -> (run: Int32, worker: Int32) {
        var sockets: [Int32] = [0, 0]
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &sockets) == 0 else {
            throw .worker(reason: String(cString: strerror(errno)))
        }
        return (sockets[0], sockets[1])
    }

    /// Sends a message, however long the other side takes, and a copy of an open file beside it.
    func send(
        _ header: some Encodable, payload: [UInt8] = [], descriptor file: Int32? = nil
    ) throws {
        let header = [UInt8](try JSONEncoder().encode(header))
        var sizes: [UInt8] = []
        for size in [UInt32(header.count), UInt32(payload.count)] {
            withUnsafeBytes(of: size.littleEndian) { sizes += $0 }
        }
        try send(sizes + header, descriptor: file)
        try send(payload)
    }

    /// Receives a message.
    ///
    /// A payload of more than `maximumPayloadBytes` is malformed. `isLate` is asked several times a
    /// second whether to give up; without it the wait has no end.
    func receive(
        maximumPayloadBytes: Int, isLate: (() -> Bool)? = nil
    ) throws(Failure) -> Message {
        try receive(
            sizes: receive(count: 8, isLate), maximumPayloadBytes: maximumPayloadBytes, isLate)
    }

    private func receive(
        sizes: [UInt8], maximumPayloadBytes: Int, _ isLate: (() -> Bool)?
    ) throws(Failure) -> Message {
        func size(at offset: Int) -> Int {
            (0..<4).reduce(0) { $0 | Int(sizes[offset + $1]) << (8 * $1) }
        }
        guard size(at: 0) <= Self.maximumHeaderBytes, size(at: 4) <= maximumPayloadBytes else {
            throw .malformed
        }
        return Message(
            header: try receive(count: size(at: 0), isLate),
            payload: try receive(count: size(at: 4), isLate))
    }

    /// Receives a message with an open file.
    func receiveJob() throws(Failure) -> Message {
        var file: Int32 = -1
        let first = [UInt8](unsafeUninitializedCapacity: 8) { buffer, count in
            count = max(0, vb_receive_with_descriptor(descriptor, buffer.baseAddress, 8, &file))
        }
        guard !first.isEmpty else { throw .closed }
        let sizes = try first + receive(count: 8 - first.count, nil)
        var message = try receive(sizes: sizes, maximumPayloadBytes: 0, nil)
        message.descriptor = file
        return message
    }

    private func send(_ bytes: [UInt8], descriptor file: Int32? = nil) throws(Failure) {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                let (start, count) = (buffer.baseAddress.map { $0 + done }, buffer.count - done)
                if let file, done == 0 {
                    return vb_send_with_descriptor(descriptor, start, count, file)
                }
                return Foundation.send(descriptor, start, count, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .closed }
            done += count
        }
    }

    private func receive(count: Int, _ isLate: (() -> Bool)?) throws(Failure) -> [UInt8] {
        var failure: Failure?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, done in
            while done < count {
                if let isLate {
                    var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                    if poll(&entry, 1, 200) <= 0 {
                        guard isLate() else { continue }
                        failure = .late
                        return
                    }
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
