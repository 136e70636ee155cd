import Files
import Foundation
import Recipes
import Shards
import TestSupport
import Testing

@testable import Pipelines

struct ShardPublisherTests {
    private func writer(of name: String, in folder: String) throws -> ShardWriter {
        let writer = try ShardWriter(directory: folder, name: name)
        let clip = Clip(video: name)
        try writer.append(
            Sample(
                key: clip.key, origin: SampleOrigin(clip: clip, sourceSha256: ""),
                members: [SampleMember(name: ShardFormat.classMember, bytes: [0])]))
        return writer
    }

    private let provenance = ShardSidecar.Provenance(
        fingerprint: "f", planHash: "p", recipeHash: "r")

    @Test func publishesInTheBackground() throws {
        let folder = try Fixtures.makeTemporaryDirectory().path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let publisher = ShardPublisher()
        for name in ["train-00000", "train-00001"] {
            try publisher.publish(
                writer(of: name, in: folder), provenance: provenance, expectedHash: nil)
        }
        publisher.wait()
        try publisher.throwFailure()
        for name in ["train-00000", "train-00001"] {
            #expect(try ShardReader(directory: folder, name: name).samples.count == 1)
        }
    }

    @Test func anErrorIsThrownBeforeTheNextShard() throws {
        let folder = try Fixtures.makeTemporaryDirectory().path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let publisher = ShardPublisher()
        try publisher.publish(
            writer(of: "train-00000", in: folder), provenance: provenance, expectedHash: "other")
        publisher.wait()
        #expect(throws: ShardError.self) { try publisher.throwFailure() }
        let next = try writer(of: "train-00001", in: folder)
        #expect(throws: ShardError.self) {
            try publisher.publish(next, provenance: provenance, expectedHash: nil)
        }
    }
}
