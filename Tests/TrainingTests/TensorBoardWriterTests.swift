import Foundation
import SwiftProtobuf
import TestSupport
import Testing

@testable import Training

struct TensorBoardWriterTests {
    static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// The events of an event file; checks every length and checksum.
    static func events(in url: URL) throws -> [TensorBoardEvent] {
        var rest = [UInt8](try Data(contentsOf: url))[...]
        func take(_ count: Int) throws -> [UInt8] {
            try #require(rest.count >= count)
            defer { rest = rest.dropFirst(count) }
            return [UInt8](rest.prefix(count))
        }
        var events: [TensorBoardEvent] = []
        while !rest.isEmpty {
            let length = try take(8)
            #expect(number(try take(4)[...]) == UInt64(Crc32c.maskedChecksum(length)))
            let data = try take(Int(number(length[...])))
            #expect(number(try take(4)[...]) == UInt64(Crc32c.maskedChecksum(data)))
            events.append(try TensorBoardEvent(serializedBytes: data))
        }
        return events
    }

    /// Vectors of RFC 3720, appendix B.4, and the usual check value.
    @Test func checksums() {
        #expect(Crc32c.checksum([]) == 0)
        #expect(Crc32c.checksum([UInt8]("123456789".utf8)) == 0xE306_9283)
        #expect(Crc32c.checksum([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
        #expect(Crc32c.checksum([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
        #expect(Crc32c.checksum([UInt8](0..<32)) == 0x46DD_794E)
    }

    @Test func equalsTensorBoard() throws {
        let directory = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: directory) }
        let writer = try TensorBoardWriter(directory: directory.path, startTime: 1_700_000_000.5)
        try writer.append(
            step: 7, wallTime: 1_700_000_001.25, scalars: [("train/loss", 0.1), ("train/epoch", 0)])
        let url = directory.appendingPathComponent("events.out.tfevents.1700000000.vbtrain")
        // Both records as `RecordWriter` of TensorBoard 2.21.0 writes them.
        let expected = [
            "GAAAAAAAAACjf0siCQAAIED8VNlBGg1icmFpbi5FdmVudDoyKzUxEA==",
            "NAAAAAAAAABeMxdcCQAAUED8VNlBEAcqJwoRCgp0cmFpbi9sb3NzFc3MzD0KEgoLdHJhaW4vZXBv"
                + "Y2gVAAAAACMDIA0=",
        ].compactMap { Data(base64Encoded: $0) }
        #expect(try Data(contentsOf: url) == Data(expected.joined()))
    }

    @Test func scalarsRoundTrip() throws {
        let directory = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: directory) }
        let writer = try TensorBoardWriter(directory: directory.path, startTime: 1_700_000_000)
        let url = directory.appendingPathComponent("events.out.tfevents.1700000000.vbtrain")
        #expect(try Self.events(in: url).map(\.fileVersion) == ["brain.Event:2"])

        try writer.append(
            step: 1, wallTime: 1_700_000_001.25,
            scalars: [("train/loss", 0.1), ("train/epoch", 0), ("train/ε", -.infinity)])
        #expect(try Self.events(in: url).count == 2)
        try writer.append(step: 1 << 40, wallTime: 1_700_000_002, scalars: [("eval/loss", 2.5)])

        let events = try Self.events(in: url)
        #expect(events.map(\.wallTime) == [1_700_000_000, 1_700_000_001.25, 1_700_000_002])
        #expect(events.map(\.step) == [0, 1, 1 << 40])
        let values = events.flatMap(\.summary.value)
        #expect(values.map(\.tag) == ["train/loss", "train/epoch", "train/ε", "eval/loss"])
        #expect(values.map(\.simpleValue) == [0.1, 0, -.infinity, 2.5])
        #expect(values.allSatisfy { $0.value != nil })
    }

    @Test func keepsAnEarlierFile() throws {
        let directory = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: directory) }
        for step in 1...2 {
            let writer = try TensorBoardWriter(directory: directory.path, startTime: 1_700_000_000)
            try writer.append(step: step, wallTime: 1_700_000_000, scalars: [("a", 1)])
        }
        let steps = try [0, 1].map { later in
            let name = "events.out.tfevents.\(1_700_000_000 + later).vbtrain"
            return try Self.events(in: directory.appendingPathComponent(name)).map(\.step)
        }
        #expect(steps == [[0, 1], [0, 2]])
    }

    @Test func cutsWhatAResumedTrainingWillWriteAgain() throws {
        let directory = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: directory) }
        let writer = try TensorBoardWriter(directory: directory.path, startTime: 1_700_000_000)
        for step in 1...4 {
            try writer.append(step: step, wallTime: 1_700_000_001, scalars: [("train/a", 1)])
            try writer.append(step: step, wallTime: 1_700_000_001, scalars: [("eval/a", 1)])
        }
        let url = directory.appendingPathComponent("events.out.tfevents.1700000000.vbtrain")
        try TensorBoardWriter.truncate(in: directory.path) { step, tag in
            step < 3 || (step == 3 && tag == "train/a")
        }
        #expect(try Self.events(in: url).map(\.step) == [0, 1, 1, 2, 2, 3])
        // What a kill left of a record goes as well.
        let whole = try Data(contentsOf: url)
        try whole.dropLast(3).write(to: url)
        try TensorBoardWriter.truncate(in: directory.path) { _, _ in true }
        #expect(try Self.events(in: url).map(\.step) == [0, 1, 1, 2, 2])
        try TensorBoardWriter.truncate(in: directory.path) { _, _ in false }
        #expect(try Self.events(in: url).map(\.fileVersion) == ["brain.Event:2"])
    }
}
