import Files
import Foundation
import SwiftProtobuf

extension TensorBoardWriter {
    /// Cuts each event file in `directory` before the first event that is not kept, and before
    /// what a kill left of a record.
    ///
    /// Event files then hold no step twice after a training was resumed.
    /// - Parameters:
    ///   - directory: The run directory.
    ///   - isKept: Whether an event with these step and tag stays.
    /// - Throws: `FileError.system`.
    static func truncate(
        in directory: String, keeping isKept: (_ step: Int, _ tag: String) -> Bool
    ) throws {
        for name in try namesInDirectory(directory) where name.hasPrefix("events.out.tfevents.") {
            let path = "\(directory)/\(name)"
            let bytes = try readFile(path)
            let end = endOfKept(bytes, isKept)
            if end < bytes.count { try truncateFile(at: path, to: end) }
        }
    }

    private static func endOfKept(
        _ bytes: [UInt8], _ isKept: (_ step: Int, _ tag: String) -> Bool
    ) -> Int {
        var position = 0
        // Length, its checksum, data, their checksum: 8 + 4 + length + 4 bytes.
        while bytes.count - position >= 16 {
            let length = bytes[position..<position + 8].reversed().reduce(UInt64(0)) {
                $0 << 8 | UInt64($1)
            }
            guard length <= UInt64(bytes.count - position - 16) else { break }
            let end = position + 12 + Int(length)
            guard
                let event = try? TensorBoardEvent(
                    serializedBytes: Array(bytes[position + 12..<end])),
                event.summary.value.allSatisfy({ isKept(Int(event.step), $0.tag) })
            else { break }
            position = end + 4
        }
        return position
    }
}
