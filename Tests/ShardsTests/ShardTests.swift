import Foundation
import TestSupport
import Testing

@testable import Shards

/// A folder that lives as long as the value.
final class Scratch {
    let url: URL
    var path: String { url.path }

    init() throws { url = try Fixtures.makeTemporaryDirectory() }
    deinit { try? FileManager.default.removeItem(at: url) }
}

/// Writes a shard of `count` samples, each with one array and a class.
@discardableResult
func writeShard(
    in directory: String, name: String = "train-00000", count: Int = 3
) throws -> ShardSidecar {
    let writer = try ShardWriter(directory: directory, name: name)
    let compressor = try ZstdCompressor(level: 3)
    for index in 0..<count {
        let array = NPYArray(
            elementType: .uint8, shape: [2, 5],
            elements: (0..<10).map { UInt8($0 + index) })
        try writer.append(
            Sample(
                key: "0000000\(index)",
                members: [
                    try SampleMember(
                        name: ShardFormat.pixelMember, array: array, compressor: compressor),
                    SampleMember(name: ShardFormat.classMember, bytes: Array("\(index)".utf8)),
                ]))
    }
    return try writer.finish(
        provenance: ShardProvenance(fingerprint: "f", planHash: "p", settingsHash: "s"))
}

struct ShardTests {
    @Test func returnsEverySampleThatWasWritten() throws {
        let scratch = try Scratch()
        try writeShard(in: scratch.path)
        let reader = try ShardReader(directory: scratch.path, name: "train-00000")
        #expect(reader.sidecar.samples.map(\.key) == ["00000000", "00000001", "00000002"])
        for (index, sample) in reader.sidecar.samples.enumerated() {
            let array = try reader.array(of: ShardFormat.pixelMember, in: sample)
            #expect(array.shape == [2, 5] && array.elementType == .uint8)
            #expect(array.withElements { $0[9] } == UInt8(9 + index))
            #expect(try reader.classIndex(of: sample) == index)
        }
        #expect(try sha256Hex(ofFile: reader.path) == reader.sidecar.sha256)
    }

    @Test func writesTheSameBytesTwice() throws {
        let (first, second) = (try Scratch(), try Scratch())
        try writeShard(in: first.path)
        try writeShard(in: second.path)
        for file in ["train-00000.tar", "train-00000.json"] {
            let bytes = try [first, second].map {
                try Data(contentsOf: $0.url.appendingPathComponent(file))
            }
            #expect(bytes[0] == bytes[1])
        }
    }

    @Test func systemTarListsTheMembers() throws {
        let scratch = try Scratch()
        try writeShard(in: scratch.path, count: 1)
        let tar = Process()
        tar.executableURL = URL(fileURLWithPath: "/bin/tar")
        tar.arguments = ["-tvf", scratch.path + "/train-00000.tar", "--numeric-owner", "--utc"]
        let pipe = Pipe()
        tar.standardOutput = pipe
        try tar.run()
        let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        tar.waitUntilExit()
        #expect(tar.terminationStatus == 0)
        let lines = text.split(separator: "\n")
        #expect(lines.count == 2)
        #expect(lines.allSatisfy { $0.hasPrefix("-rw-r--r-- 0/0") && $0.contains("1970-01-01") })
        #expect(lines[0].hasSuffix("00000000.pixel_values.npy.zst"))
    }

    @Test func nothingAppearsUntilTheShardIsFinished() throws {
        let scratch = try Scratch()
        do {
            let writer = try ShardWriter(directory: scratch.path, name: "train-00000")
            try writer.append(Sample(key: "0", members: [SampleMember(name: "cls", bytes: [48])]))
            let names = try FileManager.default.contentsOfDirectory(atPath: scratch.path)
            #expect(names.allSatisfy { $0.hasSuffix(DurableFile.temporarySuffix) })
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path).isEmpty)
    }

    @Test func removesTemporariesOfDeadProcessesOnly() throws {
        let scratch = try Scratch()
        let own = "x.tar.\(getpid()).\(DurableFile.machine).partial"
        let dead = "x.tar.999999999.\(DurableFile.machine).partial"
        let elsewhere = "x.tar.999999999.00000000.partial"
        for name in [dead, elsewhere, own, "x.tar", "y.partial"] {
            try Data().write(to: scratch.url.appendingPathComponent(name))
        }
        removeAbandonedTemporaries(in: scratch.path)
        let left = try FileManager.default.contentsOfDirectory(atPath: scratch.path)
        #expect(Set(left) == [elsewhere, own, "x.tar", "y.partial"])
    }

    @Test func refusesAShardWithoutSidecar() throws {
        let scratch = try Scratch()
        try writeShard(in: scratch.path)
        try FileManager.default.removeItem(atPath: scratch.path + "/train-00000.json")
        let error = #expect(throws: ShardError.self) {
            try ShardReader(directory: scratch.path, name: "train-00000")
        }
        #expect(error?.description.contains("it has no sidecar") == true)
    }

    @Test func refusesATruncatedTar() throws {
        let scratch = try Scratch()
        let sidecar = try writeShard(in: scratch.path)
        let handle = try FileHandle(
            forWritingTo: scratch.url.appendingPathComponent("train-00000.tar"))
        try handle.truncate(atOffset: UInt64(sidecar.bytes - 1))
        let error = #expect(throws: ShardError.self) {
            try ShardReader(directory: scratch.path, name: "train-00000")
        }
        #expect(error?.description.contains("not complete") == true)
    }

    /// A bit that zstd ignores may flip; what an array holds may not change unnoticed.
    @Test func neverReturnsAnArrayThatAFlippedBitChanged() throws {
        let scratch = try Scratch()
        let sidecar = try writeShard(in: scratch.path)
        let member = sidecar.samples[1].members[0]
        let url = scratch.url.appendingPathComponent("train-00000.tar")
        var bytes = try Data(contentsOf: url)
        let intact = try ShardReader(directory: scratch.path, name: "train-00000").array(
            of: ShardFormat.pixelMember, in: sidecar.samples[1])
        var numErrors = 0
        for offset in member.offset..<member.offset + member.storedBytes {
            bytes[offset] ^= 1
            try bytes.write(to: url)
            bytes[offset] ^= 1
            let reader = try ShardReader(directory: scratch.path, name: "train-00000")
            do {
                let array = try reader.array(
                    of: ShardFormat.pixelMember, in: reader.sidecar.samples[1])
                #expect(array == intact)
            } catch {
                #expect(error.description.contains("sample 00000001"))
                numErrors += 1
            }
        }
        #expect(numErrors > member.storedBytes * 9 / 10)
    }

    @Test func refusesMembersOutsideTheTar() throws {
        let scratch = try Scratch()
        try writeShard(in: scratch.path)
        let url = scratch.url.appendingPathComponent("train-00000.json")
        let text = try String(contentsOf: url, encoding: .utf8)
        for forged in ["-1", "99999999", "9223372036854775807"] {
            let changed = text.replacing(
                /"stored_bytes" : \d+/, with: "\"stored_bytes\" : \(forged)")
            try Data(changed.utf8).write(to: url)
            #expect(throws: ShardError.self) {
                try ShardReader(directory: scratch.path, name: "train-00000")
            }
        }
    }

    @Test func aFullDirectoryGivesAClearError() throws {
        let error = #expect(throws: ShardError.self) {
            try publishFile([1], at: "/no-such-folder/file")
        }
        #expect(
            error?.description == "Cannot create /no-such-folder/file: No such file or directory.")
    }
}
