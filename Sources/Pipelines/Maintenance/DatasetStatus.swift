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
    /// - Throws: `ShardError.notADataset`, `.otherVersion`, `.corruptFile` or `.file` if there is
    ///   none that can be read, `FileError` if the directory may not be searched; of a build that is
    ///   not finished `PipelineError.noReport` or `ManifestError`.
    public init(of directory: String) throws {
        let staging = DatasetStaging(directory: directory, isAlone: false)
        guard try hasFile(at: "\(staging.folder)/\(ShardFormat.reportName)") else {
            shards = try Self.publishedShards(in: staging)
            isPublished = true
            rest = shards.contains { !$0.isFinished } ? "vbprep repair \(quoted(directory))" : nil
            return
        }
        let report = try BuildReport.read(staging.folder).report
        isPublished = false
        let unfinished = Dictionary(grouping: staging.unfinishedTars(), by: \.shard)
        if report.featureRecipe == nil {
            let build = try BuildShards(
                planned: BuildShardsOptions(finalizing: directory, jobs: 1))
            shards = build.shards.map { shard in
                Shard(
                    shard.name, clips: shard.clips.count, in: build.directory(of: shard), staging,
                    unfinished[shard.name] ?? [])
            }
        } else {
            let pixels = try Dataset(directory: report.source).description
            let recipeHash = try report.featureRecipe?.hash()
            shards = pixels.shards.map { shard in
                let place = staging.directory(ofShard: shard.name) { $0.recipeHash == recipeHash }
                return Shard(
                    shard.name, clips: shard.clips, in: place, staging,
                    unfinished[shard.name] ?? [])
            }
        }
        rest =
            shards.allSatisfy(\.isFinished) && report.featureRecipe == nil
            ? "vbprep finalize \(quoted(directory))" : report.command(into: directory)
    }

    /// The shards of a published dataset, also those whose clips are all in quarantine.
    private static func publishedShards(in staging: DatasetStaging) throws -> [Shard] {
        let description = try Dataset(directory: staging.directory).description
        let stored = description.shards.map { ($0.name, $0.clips) }
        let known = Set(stored.map(\.0))
        let others = try namesInDirectory(staging.shardDirectory)
            .filter { $0.hasSuffix(".json") }.map { withoutExtension($0) }
            .filter { !known.contains($0) }.sorted().map { ($0, 0) }
        return (stored + others).map { name, clips in
            let place = staging.directory(ofShard: name) { _ in true }
            let quarantined = place.flatMap { ShardSummary(directory: $0, name: name) }?.quarantined
            return Shard(name, clips: clips + (quarantined?.count ?? 0), in: place, staging, [])
        }
    }
}

extension DatasetStatus.Shard {
    /// Looks at one shard.
    /// - Parameters:
    ///   - name: Its name without extension.
    ///   - clips: How many clips it is to hold, quarantined ones included.
    ///   - place: The directory of the finished shard; `nil` if it is not finished.
    ///   - staging: Where it is made.
    ///   - tars: What processes have made of it so far.
    fileprivate init(
        _ name: String, clips: Int, in place: String?, _ staging: DatasetStaging,
        _ tars: [DatasetStaging.UnfinishedTar]
    ) {
        self.name = name
        if let summary = place.flatMap({ ShardSummary(directory: $0, name: name) }) {
            isFinished = true
            quarantined = summary.quarantined.count
            stored = clips - quarantined
            return
        }
        var owners = tars.map(\.owner)
        for tar in tars {
            let counts = UnfinishedShard.counts(ofTemporary: tar.path)
            stored += counts.stored
            quarantined += counts.quarantined
        }
        if let holder = FileOwner(ofClaim: "\(staging.claimFolder)/\(name)"),
            !owners.contains(holder)
        {
            owners.append(holder)
        }
        workers = owners.map(\.description)
        missing = max(0, clips - stored - quarantined)
    }
}

extension DatasetStaging {
    /// A tar that a process is writing, or left behind.
    fileprivate struct UnfinishedTar {
        let shard: String
        let path: String
        let owner: FileOwner
    }

    fileprivate func unfinishedTars() -> [UnfinishedTar] {
        let names = (try? namesInDirectory(stagedShardDirectory)) ?? []
        return names.compactMap { name in
            guard let owner = FileOwner(ofTemporary: name),
                let end = name.range(of: ".tar.")?.lowerBound
            else { return nil }
            return UnfinishedTar(
                shard: String(name[..<end]), path: "\(stagedShardDirectory)/\(name)", owner: owner)
        }
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
            if let classes { words += ["--classes", classes] }
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
