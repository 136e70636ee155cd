import Foundation
public import Models
public import Shards
import Tensors

/// Pixel shards to feature shards: the frozen encoder sees every distinct frame once.
///
/// A feature shard mirrors its pixel shard, with the same name, keys and classes. A shard that is complete and made by
/// the same model from the same pixels is kept.
public struct ExtractFeatures {
    /// What `extract-features` can be told.
    public struct Options: Sendable {
        /// Where the feature dataset goes.
        public var outputDirectory: String
        /// Which shards this process encodes.
        public var partition = TaskPartition.whole
        /// In which numbers the encoder multiplies.
        public var precision = VisionPrecision.automatic
        /// Blocks that stay in bfloat16 if the precision is int8; see `FidelityReport`.
        public var bfloat16Blocks: [Int] = []
        /// Which tokens of a frame are stored.
        public var tokens = TokenSelection.all
        /// Replace features that another model made.
        public var overwrite = false

        /// Starts from the defaults of all other options.
        public init(outputDirectory: String) {
            self.outputDirectory = outputDirectory
        }
    }

    private let dataset: Dataset
    private let options: Options
    private let restoration: FeatureRestoration?
    private let encoder: FrameEncoder
    private let productRate: Double
    private let provenance: DatasetDescription.Encoder
    private let output: DatasetOutput
    private let report: BuildReport

    /// Loads the encoder and checks that it fits the dataset and the output directory.
    public init(dataset: Dataset, model: ModelDirectory, options: Options) throws {
        try self.init(dataset: dataset, model: model, options: options, restoration: nil)
    }

    /// The same; with a `restoration`, to make again what is bad of features that exist.
    init(
        dataset: Dataset, model: ModelDirectory, options: Options,
        restoration: FeatureRestoration?
    ) throws {
        try dataset.require(.pixels)
        try Self.check(dataset.description, fits: model)
        self.dataset = dataset
        self.options = options
        self.restoration = restoration
        let made = DatasetDescription.Encoder(
            model: model.name, modelHash: try model.contentHash(),
            precision: options.precision.rawValue, bfloat16Blocks: options.bfloat16Blocks,
            tokens: options.tokens.rawValue,
            parentHash: dataset.description.contentHash)
        let wanted = try restoration?.checkedEncoder(made, in: options.outputDirectory) ?? made
        provenance = wanted
        output = DatasetOutput(directory: options.outputDirectory)
        try output.prepare(
            for: .features, overwrite: options.overwrite || restoration != nil
        ) { existing in
            guard let encoder = existing.encoder, encoder.modelHash == wanted.modelHash
            else {
                return "holds features of \(existing.encoder?.model ?? "another model")"
            }
            if encoder.precision != wanted.precision {
                return "holds features computed in \(encoder.precision)"
            }
            if encoder.bfloat16Blocks != wanted.bfloat16Blocks {
                return "holds features with other blocks in bfloat16"
            }
            return encoder.tokens == wanted.tokens
                ? nil : "holds features of the tokens `\(encoder.tokens)`"
        }
        encoder = try FrameEncoder(
            model: model, precision: options.precision,
            bfloat16Blocks: options.bfloat16Blocks, tokens: options.tokens)
        productRate = try model.measureProductRate(options.precision)
        report = BuildReport(
            source: dataset.directory, root: "", model: model.reference,
            encoder: wanted, settings: dataset.description.settings,
            classes: dataset.description.classes)
    }

    /// Encodes what is missing, then publishes the feature dataset if every shard is there.
    public func run(stop: StopSignal, progress: (StageProgress) -> Void) throws -> StageSummary {
        let lock = try DatasetLock(
            directory: options.outputDirectory, isShared: options.partition != .whole)
        defer { withExtendedLifetime(lock) {} }
        let clock = ContinuousClock()
        let start = clock.now
        let total = dataset.description.accounting.stored
        var done = 0
        var reused = 0
        var encoded = Encoded()
        var sidecars: [String: ShardSidecar] = [:]
        for (index, shard) in dataset.description.shards.enumerated() {
            if let sidecar = reusableSidecar(of: shard) {
                sidecars[shard.name] = sidecar
                reused += shard.clips
                done += shard.clips
            } else if options.partition.owns(index) {
                sidecars[shard.name] = try encode(shard, stop: stop) { step in
                    encoded.add(step)
                    done += step.clips
                    var state = StageProgress(
                        done: done, total: total, quarantined: 0, reused: reused)
                    state.detail = describeRate(encoded)
                    if step.clips > 0 { progress(state) }
                }
            }
        }
        let summary = try finish(
            sidecars, encoded: encoded, seconds: (clock.now - start).inSeconds)
        return summary
    }

    private struct Encoded {
        var clips = 0
        var frames = 0
        var seconds = 0.0

        /// Counts a step; the time of one that only reads or writes is not the encoder's.
        mutating func add(_ step: FeatureShardEncoding.Step) {
            guard step.frames > 0 else { return }
            clips += step.clips
            frames += step.frames
            seconds += step.seconds
        }
    }

    /// The rate of arithmetic, and its share of what this machine reaches in bare products.
    private func describeRate(_ encoded: Encoded) -> String? {
        guard encoded.seconds > 0 else { return nil }
        let gflops =
            Double(encoded.frames) * Double(encoder.flopsPerFrame) / encoded.seconds / 1e9
        // What is reached is possible, whatever the short measurement on a busy machine said.
        let reachable = max(productRate, gflops)
        return "\(gflops.formatted(decimals: 0)) GFLOP/s "
            + "(\((100 * gflops / reachable).formatted(decimals: 0)) % of the machine's)"
    }

    private func encode(
        _ shard: DatasetDescription.Shard, stop: StopSignal,
        afterStep: (FeatureShardEncoding.Step) -> Void
    ) throws -> ShardSidecar {
        // A repair leaves what it cannot bring back as it was.
        if restoration == nil { try output.removeDescription() }
        try report.publish(in: output.directory)
        let reader = try ShardReader(directory: dataset.shardDirectory, name: shard.name)
        guard reader.sidecar.samples.count == shard.clips else {
            throw PipelineError.accounting(
                rows: shard.clips, stored: reader.sidecar.samples.count, quarantined: 0)
        }
        let writer = try ShardWriter(directory: output.shardDirectory, name: shard.name)
        try FeatureShardEncoding(
            reader: reader, encoder: encoder, settings: dataset.description.settings
        ).run(into: writer, stop: stop, progress: afterStep)
        return try writer.finish(
            provenance: provenance(of: shard), expectedHash: restoration?.hashes[shard.name])
    }

    private var arrayDescription: DatasetDescription.Array {
        DatasetDescription.Array(
            member: ShardFormat.featureMember, elementType: .float16,
            shape: [
                dataset.description.settings.numFrames, encoder.numTokens, encoder.hiddenSize,
            ], layout: "T,L,D")
    }
}

// MARK: - Output directory and publication

extension ExtractFeatures {
    private static func check(
        _ description: DatasetDescription, fits model: ModelDirectory
    ) throws(PipelineError) {
        let processor = model.imageProcessor
        let settings = description.settings
        guard settings.imageSize == processor.imageSize, settings.resample == processor.resample
        else {
            throw .sizeMismatch(
                dataset:
                    "\(settings.imageSize)-pixel pictures by resample filter \(settings.resample)",
                model:
                    "\(processor.imageSize)-pixel pictures by resample filter \(processor.resample)"
            )
        }
        guard
            settings.store == .uint8
                || (description.normalization.imageMean == processor.imageMean
                    && description.normalization.imageStd == processor.imageStd)
        else {
            throw .sizeMismatch(
                dataset: "values normalised with mean \(description.normalization.imageMean)",
                model: "mean \(processor.imageMean)")
        }
    }

    private func provenance(
        of shard: DatasetDescription.Shard
    ) throws(ShardError) -> ShardProvenance {
        struct Plan: Encodable {
            let formatVersion = ShardFormat.version
            let encoder: DatasetDescription.Encoder
            let zstdLevel: Int
            let parentShard: String
        }
        let zstdLevel = dataset.description.settings.zstdLevel
        let settings = sha256Hex(
            try canonicalJSON(
                Plan(encoder: provenance, zstdLevel: zstdLevel, parentShard: ""), pretty: false))
        let plan = sha256Hex(
            try canonicalJSON(
                Plan(encoder: provenance, zstdLevel: zstdLevel, parentShard: shard.sha256),
                pretty: false))
        return ShardProvenance(fingerprint: plan, planHash: plan, settingsHash: settings)
    }

    private func reusableSidecar(of shard: DatasetDescription.Shard) -> ShardSidecar? {
        guard restoration?.badShards.contains(shard.name) != true,
            let reader = try? ShardReader(directory: output.shardDirectory, name: shard.name),
            reader.sidecar.fingerprint == (try? provenance(of: shard))?.fingerprint
        else { return nil }
        return reader.sidecar
    }

    private func finish(
        _ sidecars: [String: ShardSidecar], encoded: Encoded, seconds: Double
    ) throws -> StageSummary {
        let parent = dataset.description
        let shards = parent.shards.compactMap { shard in
            sidecars[shard.name].map { sidecar in
                DatasetDescription.Shard(
                    name: shard.name, split: shard.split, clips: sidecar.samples.count,
                    bytes: sidecar.bytes, sha256: sidecar.sha256)
            }
        }
        var summary = StageSummary(
            accounting: DatasetDescription.Accounting(
                rows: parent.accounting.stored, stored: shards.reduce(0) { $0 + $1.clips },
                reasons: [:]),
            clips: encoded.clips, seconds: seconds, bytes: shards.reduce(0) { $0 + $1.bytes })
        if encoded.clips > 0 {
            summary.secondsPerClip = encoded.seconds / Double(encoded.clips)
            summary.gflops =
                Double(encoded.frames) * Double(encoder.flopsPerFrame) / encoded.seconds / 1e9
        }
        guard shards.count == parent.shards.count else { return summary }
        var files: [String: String] = [:]
        for (name, sidecar) in sidecars {
            files["\(ShardFormat.shardFolder)/\(name).json"] = sha256Hex(try canonicalJSON(sidecar))
        }
        let description = try DatasetDescription(
            kind: .features, settings: parent.settings, normalization: parent.normalization,
            array: arrayDescription, classes: parent.classes, shards: shards,
            accounting: parent.accounting, encoder: provenance, files: files)
        try publishFile(
            canonicalJSON(description),
            at: "\(options.outputDirectory)/\(ShardFormat.descriptionName)")
        var report = report
        report.summary = summary
        try report.publish(in: options.outputDirectory)
        return summary
    }
}

extension NPYArray {
    /// The elements of a float array as Float32.
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
