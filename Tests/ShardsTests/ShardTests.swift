import Files
import Foundation
import Recipes
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
        let clip = Clip(video: "\(index).mp4")
        try writer.append(
            Sample(
                key: clip.key, origin: SampleOrigin(clip: clip, sourceSha256: "s\(index)"),
                members: [
                    try SampleMember(
                        name: ShardFormat.pixelMember, array: array, compressor: compressor),
                    SampleMember(name: ShardFormat.classMember, bytes: Array("\(index)".utf8)),
                ]))
    }
    return try writer.finish(
        provenance: .init(fingerprint: "f", planHash: "p", recipeHash: "r"))
}

struct ShardTests {
    @Test func returnsEverySampleThatWasWritten() throws {
        let scratch = try Scratch()
        try writeShard(in: scratch.path)
        let reader = try ShardReader(directory: scratch.path, name: "train-00000")
        let keys = (0..<3).map { Clip(video: "\($0).mp4").key }
        #expect(reader.samples.map(\.key) == keys)
        for (index, sample) in reader.samples.enumerated() {
            let array = try reader.array(of: ShardFormat.pixelMember, in: sample)
            #expect(array.shape == [2, 5] && array.elementType == .uint8)
            #expect(array.withElements { $0[9] } == UInt8(9 + index))
            #expect(try reader.storedBytes(of: "cls", in: sample) == Array("\(index)".utf8))
        }
        let sidecar = try ShardReader.readSidecar(directory: scratch.path, name: "train-00000")
        #expect(try sha256Hex(ofFile: reader.path) == sidecar.sha256)
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
        let key = Clip(video: "0.mp4").key
        #expect(lines[0].hasSuffix("\(key).pixel_values.npy.zst"))
    }

    @Test func keepsWhatWasAppendedToAnUnfinishedShard() throws {
        let scratch = try Scratch()
        do {
            let writer = try ShardWriter(directory: scratch.path, name: "train-00000")
            for index in 0..<2 {
                let clip = Clip(video: "\(index).mp4")
                try writer.append(
                    Sample(
                        key: clip.key, origin: SampleOrigin(clip: clip, sourceSha256: "s"),
                        members: [SampleMember(name: "cls", bytes: [48 + UInt8(index)])]))
            }
            #expect(UnfinishedShard.all(in: scratch.path).isEmpty, "it is being written")
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: scratch.path)
        #expect(!names.contains("train-00000.tar"))
        let reader = try #require(UnfinishedShard.all(in: scratch.path).first).reader
        #expect(reader.samples.map(\.key) == (0..<2).map { Clip(video: "\($0).mp4").key })
        #expect(try reader.storedBytes(of: "cls", in: reader.samples[1]) == [49])
        let tar = try #require(names.first { $0.hasSuffix(".partial") })
        try FileHandle(forWritingTo: scratch.url.appendingPathComponent(tar)).truncate(
            atOffset: 600)
        let cut = try #require(UnfinishedShard.all(in: scratch.path).first).reader
        #expect(throws: ShardError.self) { try cut.storedBytes(of: "cls", in: cut.samples[1]) }
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

    @Test func noticesEveryFlippedBitOfAMember() throws {
        let scratch = try Scratch()
        let sidecar = try writeShard(in: scratch.path)
        let member = sidecar.samples[1].members[0]
        let url = scratch.url.appendingPathComponent("train-00000.tar")
        var bytes = try Data(contentsOf: url)
        let intact = try ShardReader(directory: scratch.path, name: "train-00000").array(
            of: ShardFormat.pixelMember, in: sidecar.samples[1])
        #expect(intact.shape == [2, 5])
        for offset in member.offset..<member.offset + member.storedBytes {
            bytes[offset] ^= 1
            try bytes.write(to: url)
            bytes[offset] ^= 1
            let reader = try ShardReader(directory: scratch.path, name: "train-00000")
            let error = #expect(throws: ShardError.self) {
                try reader.array(of: ShardFormat.pixelMember, in: reader.samples[1])
            }
            #expect(error?.description.contains("sample \(reader.samples[1].key)") == true)
        }
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
}
