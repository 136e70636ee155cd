import Files
import Foundation
import Manifests
import Recipes
import Shards

/// How far a dataset is: what of it is stored, and what is left to do.
///
/// Looks only, and takes no lock.
public struct DatasetStatus: Sendable, Encodable {
    /// How far one shard is.
    public struct Shard: Sendable, Encodable {
        /// Name without extension.
        public let name: String
        /// Clips in the shard, also those of an unfinished one that the next run takes over.
        public var stored = 0
        /// Clips that cannot be stored.
        public var quarantined = 0
        /// Clips that are neither.
        public var missing = 0
        /// Whether its tar and sidecar are complete.
        public var isFinished = false
        /// Processes that work on the shard or have left it unfinished.
        public var workers: [String] = []
    }

    /// Whether `dataset.json` is there and no build or extraction has begun since.
    public let isPublished: Bool
    /// All shards, also those that nobody has begun.
    public let shards: [Shard]
    /// The command that does the rest; `nil` if there is nothing to do.
    public let rest: String?

    /// Looks at the dataset in `directory`, published or not.
    /// - Throws: `ShardError` if there is none, `ManifestError`, `PipelineError.noReport`.
    public init(of directory: String) throws {
        let staging = DatasetStaging(directory: directory, isAlone: false)
        guard fileExists(staging.folder), let report = try? BuildReport.read(staging.folder).report
        else {
            let description = try Dataset(directory: directory).description
            shards = description.shards.map { shard in
                let wanted = (name: shard.name, clips: shard.clips)
                return Self.shard(wanted, in: staging, isPublished: true)
            }
            isPublished = true
            rest = shards.contains { !$0.isFinished } ? "vbprep repair \(quoted(directory))" : nil
            return
        }
        isPublished = false
        if report.featureRecipe == nil {
            let build = try BuildShards(
                planned: BuildShardsOptions(finalizing: directory, jobs: 1))
            shards = build.shards.map { shard in
                let isWhole = build.directory(of: shard) != nil
                return Self.shard(
                    (shard.name, shard.clips.count), in: staging, isWanted: isWhole)
            }
        } else {
            let pixels = try Dataset(directory: report.source).description
            let recipeHash = try report.featureRecipe?.hash()
            shards = pixels.shards.map { shard in
                let isWhole =
                    staging.directory(ofShard: shard.name) { $0.recipeHash == recipeHash } != nil
                return Self.shard((shard.name, shard.clips), in: staging, isWanted: isWhole)
            }
        }
        rest =
            shards.allSatisfy(\.isFinished) && report.featureRecipe == nil
            ? "vbprep finalize \(quoted(directory))" : report.command(into: directory)
    }

    /// The state of the shard that is to hold so many `clips`.
    private static func shard(
        _ planned: (name: String, clips: Int), in staging: DatasetStaging,
        isPublished: Bool = false, isWanted: Bool = true
    ) -> Shard {
        var shard = Shard(name: planned.name)
        if isWanted, let directory = staging.directory(ofShard: planned.name, { _ in true }),
            let summary = ShardSummary(directory: directory, name: planned.name)
        {
            shard.isFinished = true
            shard.quarantined = summary.quarantined.count
            // A published description counts stored clips only, a plan all.
            shard.stored = planned.clips - (isPublished ? 0 : shard.quarantined)
            return shard
        }
        var owners: [FileOwner] = []
        let names = (try? namesInDirectory(staging.stagedShardDirectory)) ?? []
        for name in names where name.hasPrefix("\(planned.name).tar.") {
            guard let owner = FileOwner(ofTemporary: name) else { continue }
            owners.append(owner)
            let clips = UnfinishedShard.counts(
                ofTemporary: "\(staging.stagedShardDirectory)/\(name)")
            shard.stored += clips.stored
            shard.quarantined += clips.quarantined
        }
        if let holder = FileOwner(ofClaim: "\(staging.claimFolder)/\(planned.name)"),
            !owners.contains(holder)
        {
            owners.append(holder)
        }
        shard.workers = owners.map(\.description)
        shard.missing = max(0, planned.clips - shard.stored - shard.quarantined)
        return shard
    }
}

extension BuildReport {
    /// The command line that goes on with the dataset in `directory`.
    fileprivate func command(into directory: String) -> String {
        var words: [String] = []
        if let featureRecipe {
            words = ["vbprep", "extract-features", "--shards", source, "--out", directory]
            words += ["--model", modelPath, "--precision", featureRecipe.precision.rawValue]
            words += ["--tokens", featureRecipe.tokens.rawValue]
        } else {
            words = ["vbprep", "build-shards", source, "--out", directory]
            let usual = ClipRecipe()
            let (recipe, manifestFolder) = (
                clipRecipe, isDirectory(source) ? source : parentDirectory(of: source)
            )
            func add(_ option: String, _ value: some CustomStringConvertible, unless isUsual: Bool)
            {
                if !isUsual { words += [option, "\(value)"] }
            }
            add("--root", root, unless: root == manifestFolder)
            add("--frames", recipe.numFrames, unless: recipe.numFrames == usual.numFrames)
            add("--image-size", recipe.imageSize, unless: recipe.imageSize == usual.imageSize)
            add("--sampling", recipe.sampling.rawValue, unless: recipe.sampling == usual.sampling)
            add("--resize", recipe.resize.rawValue, unless: recipe.resize == usual.resize)
            add("--store", recipe.store.rawValue, unless: recipe.store == usual.store)
            add("--zstd-level", recipe.zstdLevel, unless: recipe.zstdLevel == usual.zstdLevel)
            if !recipe.autorotate { words.append("--no-autorotate") }
            if recipe.keepsDamaged { words.append("--keep-damaged") }
            let fractions = division.fractions.map { "\($0)" }.joined(separator: ",")
            add("--split", fractions, unless: fractions == "0.8,0.1,0.1")
            add("--seed", division.seed, unless: division.seed == 42)
            add("--shard-clips", division.shardClips, unless: division.shardClips == 256)
        }
        return words.map(quoted).joined(separator: " ")
    }
}

/// `word` as a shell reads it.
private func quoted(_ word: String) -> String {
    let isPlain =
        !word.isEmpty
        && word.allSatisfy {
            $0.isASCII && ($0.isLetter || $0.isNumber || "/._-,:=+@".contains($0))
        }
    return isPlain ? word : "'" + word.replacing("'", with: "'\\''") + "'"
}
