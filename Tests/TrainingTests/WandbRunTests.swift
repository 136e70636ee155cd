import Files
import Foundation
import TestSupport
import Testing

@testable import Training

struct WandbRunTests {
    private func withFolder(_ body: (String) throws -> Void) throws {
        let folder = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder.path)
    }

    /// The usual check value of CRC-32.
    @Test func checksum() {
        #expect(Crc(polynomial: 0xEDB8_8320).checksum([UInt8]("123456789".utf8)) == 0xCBF4_3926)
    }

    /// The header and a record as wandb 0.31 writes them.
    @Test func equalsWandb() throws {
        try withFolder { folder in
            let log = try WandbLog(creating: "\(folder)/x.wandb")
            var record = ProtobufMessage()
            record.add(1, 300)
            record.add(17) { $0.add(1, "é") }
            try log.append(record.bytes)
            #expect(record.bytes == [0x08, 0xAC, 0x02, 0x8A, 0x01, 0x04, 0x0A, 0x02, 0xC3, 0xA9])
            let expected = Data(base64Encoded: "OlcmQuG+AE8zNcgKAAEIrAKKAQQKAsOp")
            #expect(try Data(readFile("\(folder)/x.wandb")) == expected)
        }
    }

    /// Records that end at, before and beyond the end of a block.
    @Test(arguments: [32747, 32748, 32754, 32755, 32760, 32761, 32762, 100_000])
    func recordsOfAnySizeComeBack(_ size: Int) throws {
        try withFolder { folder in
            let log = try WandbLog(creating: "\(folder)/x.wandb")
            let records = [size, 3, size].map { [UInt8](repeating: UInt8($0 % 251), count: $0) }
            for record in records { try log.append(record) }
            #expect(try log.records().map(\.data) == records)
            let bytes = try readFile("\(folder)/x.wandb")
            #expect(try log.records().last?.end == bytes.count)
            // A kill in the middle of a record costs that record.
            try truncateFile(at: "\(folder)/x.wandb", to: bytes.count - 1)
            #expect(try log.records().map(\.data) == records.dropLast())
        }
    }

    /// Step and values of each row of the history of the only run in `folder`.
    static func history(in folder: String) throws -> [String] {
        try records(in: folder).compactMap { record in
            guard let row = record.message(2) else { return nil }
            let items = row.messages(1).map { "\($0.text(2) ?? "")=\($0.text(16) ?? "")" }
            let values = items.filter { !$0.hasPrefix("_t") && !$0.hasPrefix("_r") }
            return "\(row.message(2)?.integer(1) ?? 0) " + values.joined(separator: " ")
        }
    }

    static func records(in folder: String) throws -> [ProtobufFields] {
        let runs = try namesInDirectory("\(folder)/wandb")
        let run = "\(folder)/wandb/\(try #require(runs.first))"
        let file = try #require(namesInDirectory(run).first { $0.hasSuffix(".wandb") })
        #expect(runs.count == 1 && run.hasSuffix(file.dropFirst(4).dropLast(6)))
        return try WandbLog(path: "\(run)/\(file)").records().map { ProtobufFields($0.data) }
    }

    @Test func valuesOfAStepAreOneRow() throws {
        try withFolder { folder in
            let run = try WandbRun(
                directory: folder, startTime: 1000.5, configuration: [("lr", "0.1")])
            try run.append(step: 2, time: 1001, scalars: [("train/loss", 0.5)])
            try run.append(step: 2, time: 1002, scalars: [("eval/loss", 0.25)])
            try run.append(step: 4, time: 1003, scalars: [("train/loss", 0.125)])
            try run.finish(time: 1004)
            #expect(
                try Self.history(in: folder) == [
                    "2 train/loss=0.5 eval/loss=0.25 _step=2", "4 train/loss=0.125 _step=4",
                ])
            let records = try Self.records(in: folder)
            #expect(records.compactMap { $0.integer(1) } == Array(1...records.count))
            let start = records[1].message(17)
            #expect(start?.message(4)?.message(1)?.text(1) == "lr")
            #expect(start?.message(4)?.message(1)?.text(16) == "0.1")
            #expect(start?.message(17)?.integer(1) == 1000)
            #expect(records.last?.message(18)?.integer(2) == 3)
        }
    }

    @Test func aRewoundRunGoesOnInTheSameFile() throws {
        try withFolder { folder in
            let first = try WandbRun(directory: folder, startTime: 1000, configuration: [])
            for step in 1...3 {
                try first.append(step: step, time: 1001, scalars: [("train/loss", 0.5)])
            }
            try first.finish(time: 1002)
            let second = try WandbRun(directory: folder, startTime: 2000, configuration: [])
            try second.rewind { step, _ in step <= 1 }
            try second.append(step: 2, time: 2001, scalars: [("train/loss", 0.75)])
            try second.finish(time: 2002)
            #expect(
                try Self.history(in: folder) == [
                    "1 train/loss=0.5 _step=1", "2 train/loss=0.75 _step=2",
                ])
            let numbers = try Self.records(in: folder).compactMap { $0.integer(1) }
            #expect(numbers == Array(1...numbers.count))
        }
    }
}
