import Files
import Recipes
import Shards

/// Samples whose rows left the manifest, kept beside the dataset in case they come back: what was
/// decoded or encoded once is not decoded or encoded again.
///
/// They lie in shards of their own in `<dataset>.removed`, which nobody else reads and which may be
/// deleted at any time.
struct RemovedSamples: Sendable {
    /// The folder of the shards.
    let directory: String

    private static let namePrefix = "removed-"

    init(ofDataset dataset: String) {
        directory = absolutePath(dataset) + ".removed"
    }

    /// Deletes all of them.
    func prune() throws(FileError) { try removeDirectory(at: directory) }

    /// Keeps the samples of `readers` that are neither in the dataset nor here already.
    /// - Parameters:
    ///   - readers: Shards, finished or not, that will go.
    ///   - recipeHash: The recipe of all of them.
    ///   - isStored: Whether the dataset has a sample of that identity.
    /// - Returns: How many samples were added.
    /// - Throws: `ShardError.file`; a sample that is damaged is left out.
    func keep(
        _ readers: [ShardReader], recipeHash: String, isStored: (ContentIdentity) -> Bool
    ) throws -> Int {
        var known: Set<ContentIdentity> = []
        let names = try shardNames()
        for name in names {
            guard let sidecar = try? ShardReader.readSidecar(directory: directory, name: name),
                sidecar.provenance.recipeHash == recipeHash
            else { continue }
            known.formUnion(sidecar.samples.map(\.origin.identity))
        }
        var writer: ShardWriter?
        var count = 0
        for reader in readers {
            for entry in reader.samples where !isStored(entry.origin.identity) {
                guard known.insert(entry.origin.identity).inserted,
                    let members = try? entry.members.map({
                        try reader.storedMember($0.name, of: entry)
                    })
                else { continue }
                if writer == nil {
                    try makeDirectory(at: directory)
                    removeAbandonedTemporaries(in: directory)
                    let last = names.compactMap { Int($0.dropFirst(Self.namePrefix.count)) }.max()
                    writer = try ShardWriter(
                        directory: directory, name: "\(Self.namePrefix)\((last ?? -1) + 1)")
                }
                try writer?.append(
                    Sample(
                        key: entry.key, origin: entry.origin,
                        perceptualHash: entry.perceptualHash, members: members))
                count += 1
            }
        }
        _ = try writer?.finish(
            provenance: .init(fingerprint: "", planHash: "", recipeHash: recipeHash))
        return count
    }

    /// Names of the shards, without extension.
    func shardNames() throws(FileError) -> [String] {
        try namesInDirectory(directory)
            .filter { $0.hasPrefix(Self.namePrefix) && $0.hasSuffix(".json") }
            .map { String($0.dropLast(".json".count)) }
    }
}
