import Files
import Recipes
import Testing

@testable import Shards

struct DatasetTests {
    /// Sizes as a description states them.
    struct Sizes: Sendable, CustomStringConvertible {
        var shardBytes = 10240
        var rows = 1
        var stored = 1
        var description: String { "\(shardBytes) bytes, \(rows) rows, \(stored) stored" }
    }

    private func open(_ sizes: Sizes) throws -> Dataset {
        let scratch = try Scratch()
        let sidecar = ShardSidecar(
            formatVersion: ShardFormat.version,
            provenance: .init(fingerprint: "f", planHash: "p", recipeHash: "r"),
            bytes: sizes.shardBytes, sha256: "", samples: [], quarantined: [])
        let description = try DatasetDescription(
            kind: .features, clipRecipe: ClipRecipe(),
            division: .init(fractions: [1, 0, 0], seed: 1, shardClips: 256), splitRemarks: .init(),
            normalization: .init(imageMean: [0, 0, 0], imageStd: [1, 1, 1], rescaleFactor: 1),
            array: .init(
                member: ShardFormat.featureMember, elementType: .float16, shape: [1, 5, 24],
                layout: "T,L,D"),
            tasks: [], shards: [.init(name: "train-00000", split: .train, sidecar: sidecar)],
            accounting: .init(rows: sizes.rows, stored: sizes.stored, reasons: [:]), files: [:])
        try publishFile(
            canonicalJSON(description), at: "\(scratch.path)/\(ShardFormat.descriptionName)")
        return try Dataset(directory: scratch.path)
    }

    @Test func opensPlausibleSizes() throws {
        #expect(try open(Sizes()).description.accounting.rows == 1)
    }

    /// Whoever added them up trapped.
    @Test(arguments: [
        Sizes(shardBytes: .max), Sizes(rows: .max), Sizes(stored: .max), Sizes(rows: -1),
        Sizes(shardBytes: .min),
    ])
    func refusesSizesThatCannotBeAddedUp(_ sizes: Sizes) throws {
        #expect {
            try open(sizes)
        } throws: { error in
            if case ShardError.notADataset = error { true } else { false }
        }
    }
}
