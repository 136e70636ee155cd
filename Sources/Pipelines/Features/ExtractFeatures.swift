import Files
import Foundation
import Models
import Recipes
public import Shards
import Tensors

/// Pixel shards to feature shards: the frozen encoder sees every distinct frame once.
///
/// A feature shard mirrors its pixel shard, with the same name and keys. Features whose pixels and
/// recipe are those of features that exist are taken over; the encoder is loaded only if there is
/// something to encode.
public struct ExtractFeatures {
    /// All options of `extract-features`.
    public struct Options: Sendable {
        /// Where the feature dataset goes.
        public var outputDirectory: String
        /// Which shards this process encodes.
        public var partition = TaskPartition.whole
        /// Replace features of another recipe.
        public var overwrite = false
        /// What to make again of damaged features.
        var restoration: FeatureRestoration?

        /// Starts from the defaults of all other options.
        public init(outputDirectory: String) {
            self.outputDirectory = outputDirectory
        }
    }

    let pixels: Dataset
    let encoding: FeatureEncoding
    let options: Options
    let recipeHash: String
    let staging: DatasetStaging
    let report: BuildReport

    /// Checks that the encoder fits the dataset and the output directory.
    /// - Throws: `ShardError.otherKind` unless `pixels` holds pixels; `PipelineError.sizeMismatch`
    ///   if the encoder wants others; `PipelineError.outputInUse`, another `ShardError` or
    ///   `FileError` if the output directory cannot be used.
    public init(pixels: Dataset, encoding: FeatureEncoding, options: Options) throws {
        try pixels.require(.pixels)
        self.pixels = pixels
        self.encoding = encoding
        self.options = options
        try encoding.requireFit(to: pixels.description)
        recipeHash = try encoding.recipe.hash()
        staging = DatasetStaging(
            directory: options.outputDirectory, isAlone: options.partition == .whole)
        let wanted = encoding.recipe
        try staging.prepare(for: .features, overwrite: options.overwrite) { existing in
            guard let found = existing.featureRecipe else { return "names no recipe" }
            var differences = differences(found, from: wanted)
            if found.instructionSet != wanted.instructionSet {
                differences.append("`--isa` can make the instruction sets the same")
            }
            return differences.isEmpty
                ? nil : "is of another recipe (\(differences.joined(separator: ", ")))"
        }
        report = BuildReport(
            source: absolutePath(pixels.directory), root: "", modelPath: encoding.modelPath,
            model: encoding.modelName, clipRecipe: pixels.description.clipRecipe,
            featureRecipe: encoding.recipe, division: pixels.description.division,
            tasks: pixels.description.tasks)
    }

    /// Encodes what is missing, then publishes the feature dataset if every shard is there.
    /// - Throws: `PipelineError.interrupted` after a clean stop, `.notFinite` if features cannot be
    ///   stored, `.otherRecipe` if this machine would give other bits, `.otherSettings` or
    ///   `.outputInUse` if other tasks have other options, `.shardsLost`; `ModelError` if the
    ///   encoder is needed and cannot be loaded; `FileError.busy` if another process works here or
    ///   changes the pixels; `ShardError` and `FileError` of reading and writing.
    public func run(stop: StopSignal, progress: (StageProgress) -> Void) throws -> StageSummary {
        let locks = [
            try staging.lock(
                settings: TaskSettings(
                    clipRecipe: pixels.description.clipRecipe, featureRecipe: encoding.recipe,
                    others: ["pixels": pixels.description.contentHash]),
                overwrite: options.overwrite),
            // The pixels must not change meanwhile.
            try DirectoryLock(directory: pixels.directory, isShared: true),
        ]
        defer { withExtendedLifetime(locks) {} }
        let start = ContinuousClock.now
        var presence = options.partition == .whole ? nil : try staging.join()
        try staging.begin(recipeHash: recipeHash, overwrite: options.overwrite)
        try report.publish(in: staging.folder)
        let changed = try changedShards()
        let total = pixels.description.numClips
        let stored = try StoredSamples(
            in: staging, recipeHash: recipeHash,
            identities: Set(changed.flatMap(\.identities)),
            keys: [])
        var encoded = FeatureShardWriting.Step()
        var done = total - changed.reduce(0) { $0 + $1.identities.count }
        var writtenShards = 0
        let writing = FeatureShardWriting(
            encoding: encoding, clipRecipe: pixels.description.clipRecipe, stored: stored,
            recent: RecentFrames())
        var portions = ShardPortions(
            changed.map(\.name), of: options.partition.ofOwnShards, folder: staging.claimFolder)
        while let portion = try portions.next(
            stop: stop, isFinished: { !isChanged(changed[$0]) })
        {
            for pixelShard in portion.map({ changed[$0] }) {
                try write(pixelShard, writing, stop) { step in
                    encoded.add(step)
                    done += step.clips
                    var state = StageProgress(
                        done: done, total: total, quarantined: 0,
                        reused: done - encoded.encodedClips)
                    state.detail = encoding.describeRate(encoded)
                    if step.clips > 0 { progress(state) }
                }
                writtenShards += 1
            }
        }
        if let signal = stop.signal { throw PipelineError.interrupted(signal: signal) }
        return try finish(
            encoded, writtenShards: writtenShards, isLast: staging.leave(&presence),
            seconds: (ContinuousClock.now - start).inSeconds)
    }

    private func write(
        _ pixelShard: ChangedShard, _ writing: FeatureShardWriting, _ stop: StopSignal,
        progress: (FeatureShardWriting.Step) -> Void
    ) throws {
        let reader = try ShardReader(directory: pixels.shardDirectory, name: pixelShard.name)
        let writer = try ShardWriter(
            directory: staging.stagedShardDirectory, name: pixelShard.name)
        try writing.run(reader, into: writer, stop: stop, progress: progress)
        _ = try writer.finish(
            provenance: pixelShard.provenance,
            expectedHash: options.restoration?.hashes[pixelShard.name])
    }

    /// A pixel shard whose features are not there.
    private struct ChangedShard {
        let name: String
        let provenance: ShardSidecar.Provenance
        /// What the features of each clip are made from.
        let identities: [ContentIdentity]
    }

    private func changedShards() throws -> [ChangedShard] {
        var changed: [ChangedShard] = []
        for (index, shard) in pixels.description.shards.enumerated()
        where options.partition.owns(index) {
            let (identities, provenance) = try self.provenance(of: shard)
            let isBad = options.restoration?.badShards.contains(shard.name) == true
            if !isBad, directory(of: shard, provenance) != nil { continue }
            changed.append(
                ChangedShard(name: shard.name, provenance: provenance, identities: identities))
        }
        return changed
    }

    private func isChanged(_ shard: ChangedShard) -> Bool {
        staging.directory(ofShard: shard.name) {
            $0.fingerprint == shard.provenance.fingerprint
        } == nil
    }

    func directory(
        of shard: DatasetDescription.Shard, _ provenance: ShardSidecar.Provenance
    ) -> String? {
        staging.directory(ofShard: shard.name) { $0.fingerprint == provenance.fingerprint }
    }

    /// What decides the bytes of the features of `shard`, whose sidecar must be the published one.
    func provenance(
        of shard: DatasetDescription.Shard
    ) throws -> ([ContentIdentity], ShardSidecar.Provenance) {
        let path = "\(ShardFormat.shardFolder)/\(shard.name).json"
        guard
            try sha256Hex(ofFile: "\(pixels.directory)/\(path)") == pixels.description.files[path]
        else {
            throw ShardError.corruptFile(
                path: "\(pixels.directory)/\(path)", reason: "its checksum differs")
        }
        let sidecar = try ShardReader.readSidecar(
            directory: pixels.shardDirectory, name: shard.name)
        var checksum = Checksum()
        checksum.update(recipeHash)
        for sample in sidecar.samples {
            let origin = sample.featureOrigin
            for part in [origin.clip.video] + origin.clip.windowText + [origin.pixelsSha256 ?? ""] {
                checksum.update(part)
            }
            checksum.update(origin.sourceSha256)
        }
        let hash = checksum.hex
        return (
            sidecar.samples.map(\.featureOrigin.identity),
            ShardSidecar.Provenance(fingerprint: hash, planHash: hash, recipeHash: recipeHash)
        )
    }
}

extension ShardSidecar.Sample {
    /// What the features of a pixel sample are made from.
    var featureOrigin: SampleOrigin {
        SampleOrigin(
            clip: origin.clip, sourceSha256: origin.sourceSha256,
            pixelsSha256: member(ShardFormat.pixelMember)?.sha256 ?? "")
    }
}

extension NPYArray {
    /// The elements of a float array as Float32, in its shape.
    /// - Precondition: `elementType` is float16 or float32.
    func floatValues() -> [Float] {
        var values = [Float](repeating: 0, count: shape.reduce(1, *))
        if elementType == .float16 {
            var span = values.mutableSpan
            withHalfElements { halfToFloat($0, into: &span) }
        } else {
            values.withUnsafeMutableBytes { target in
                target.copyBytes(from: fileBytes[dataOffset...])
            }
        }
        return values
    }
}
