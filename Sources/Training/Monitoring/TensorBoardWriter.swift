import Files
import SwiftProtobuf

/// Appends scalars to a TensorBoard event file.
///
/// Each record reaches the file before the call returns, so a run that is killed leaves a file that
/// TensorBoard reads.
///
/// Source: TFRecord framing (TensorFlow, record_writer.cc): little-endian length, masked CRC-32C
/// of it, data, masked CRC-32C of the data.
struct TensorBoardWriter {
    private let path: String

    /// Creates `events.out.tfevents.<seconds>.vbtrain` in `directory` with its version record.
    ///
    /// Where a file of that second exists, the name takes the next free second.
    /// - Parameters:
    ///   - directory: Where the file goes; must exist.
    ///   - startTime: Seconds since 1970; by it TensorBoard orders the files of a run.
    /// - Throws: `FileError.system`.
    init(directory: String, startTime: Double) throws {
        var seconds = Int(startTime)
        var candidate: String { "\(directory)/events.out.tfevents.\(seconds).vbtrain" }
        while fileExists(candidate) { seconds += 1 }
        path = candidate

        let version = TensorBoardEvent.with {
            $0.wallTime = startTime
            $0.fileVersion = "brain.Event:2"
        }
        try appendToFile(Self.record(version), at: path)
    }

    /// Appends one event with all `scalars` at `step`.
    /// - Parameters:
    ///   - step: Optimizer steps done.
    ///   - wallTime: Seconds since 1970.
    ///   - scalars: Names and values; the file keeps single precision.
    /// - Throws: `FileError.system`.
    func append(
        step: Int, wallTime: Double, scalars: [(tag: String, value: Double)]
    ) throws {
        let event = TensorBoardEvent.with {
            $0.wallTime = wallTime
            $0.step = Int64(step)
            $0.summary.value = scalars.map { scalar in
                .with {
                    $0.tag = scalar.tag
                    $0.simpleValue = Float(scalar.value)
                }
            }
        }
        try appendToFile(Self.record(event), at: path)
    }

    private static func record(_ event: TensorBoardEvent) throws -> [UInt8] {
        let data: [UInt8] = try event.serializedBytes()
        let length = littleEndian(UInt64(data.count))
        return length + littleEndian(Crc32c.maskedChecksum(length))
            + data + littleEndian(Crc32c.maskedChecksum(data))
    }

    private static func littleEndian<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
        stride(from: 0, to: Value.bitWidth, by: 8).map { UInt8(truncatingIfNeeded: value >> $0) }
    }
}
