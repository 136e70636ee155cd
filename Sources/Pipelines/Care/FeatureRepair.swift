import Foundation
import Models
import Shards

/// What a repair of features must bring back.
struct FeatureRestoration: Sendable {
    /// How the features were made.
    let encoder: DatasetDescription.Encoder
    /// Shards that are not as they were published.
    let badShards: Set<String>
    /// sha256 that the tar of each shard must have, by the shard's name.
    let hashes: [String: String]

    /// `encoder`, if what is at hand to encode with, `made`, is what made the features.
    /// - Throws: `PipelineError.beyondRepair` that says what has changed.
    func checkedEncoder(
        _ made: DatasetDescription.Encoder, in directory: String
    ) throws(PipelineError) -> DatasetDescription.Encoder {
        guard made.modelHash == encoder.modelHash else {
            throw .beyondRepair(
                path: directory, reason: "the model \(made.model) has changed since")
        }
        guard made.parentHash == encoder.parentHash else {
            throw .beyondRepair(
                path: directory, reason: "the pixels that it was made from have changed since")
        }
        return encoder
    }
}

/// The repair of a feature dataset: its bad shards are encoded again, in the way it records.
struct FeatureRepair {
    private let directory: String
    private let report: BuildReport
    private let restoration: FeatureRestoration

    /// Finds out how the features were made and what is bad.
    ///
    /// Where `description` is `nil` because it is damaged, tars are compared with their sidecars, and
    /// `report` says how they were made; in any case it says where pixels and model are.
    /// - Throws: `PipelineError.beyondRepair` if that cannot be known.
    init(
        directory: String, description: DatasetDescription?, report: BuildReport?,
        problems: [VerificationProblem]
    ) throws {
        guard let report else {
            throw PipelineError.beyondRepair(
                path: directory,
                reason: "\(ShardFormat.reportName) is damaged, which names the pixels")
        }
        guard let encoder = description?.encoder ?? report.encoder else {
            throw PipelineError.beyondRepair(
                path: directory,
                reason: "nothing says in which precision and with which tokens it was made")
        }
        self.directory = directory
        self.report = report
        restoration =
            if let description {
                FeatureRestoration(
                    encoder: encoder, badShards: Self.badShards(problems),
                    hashes: Dictionary(
                        description.shards.map { ($0.name, $0.sha256) },
                        uniquingKeysWith: { first, _ in first }))
            } else {
                try Self.undescribed(
                    encoder: encoder, pixels: Dataset(directory: report.source),
                    shardDirectory: "\(directory)/\(ShardFormat.shardFolder)")
            }
    }

    private static func badShards(_ problems: [VerificationProblem]) -> Set<String> {
        let paths = problems.map(\.path).filter { $0.hasPrefix(ShardFormat.shardFolder) }
        return Set(paths.map { URL(fileURLWithPath: $0).deletingPathExtension().lastPathComponent })
    }

    /// What sidecars alone say of the shards.
    private static func undescribed(
        encoder: DatasetDescription.Encoder, pixels: Dataset, shardDirectory: String
    ) -> FeatureRestoration {
        var bad: Set<String> = []
        var hashes: [String: String] = [:]
        for name in pixels.description.shards.map(\.name) {
            let sidecar = try? ShardReader.readSidecar(directory: shardDirectory, name: name)
            hashes[name] = sidecar?.sha256
            let found = try? sha256Hex(ofFile: "\(shardDirectory)/\(name).tar")
            if found == nil || found != sidecar?.sha256 { bad.insert(name) }
        }
        return FeatureRestoration(encoder: encoder, badShards: bad, hashes: hashes)
    }

    /// Encodes the bad shards and publishes the dataset again.
    /// - Throws: `PipelineError.otherProcessor`, `.beyondRepair`, and `ShardError.notRestored` if a
    ///   shard comes out differently, which is then left as it was.
    func run(
        stop: StopSignal, progress: (StageProgress) -> Void
    ) throws -> (samples: Int, shards: Int) {
        var samples = 0
        _ = try makeExtraction().run(stop: stop) { state in
            samples = state.done - state.reused
            progress(state)
        }
        return (samples, restoration.badShards.count)
    }

    private func makeExtraction() throws -> ExtractFeatures {
        let encoder = restoration.encoder
        guard let precision = VisionPrecision(rawValue: encoder.precision),
            let tokens = TokenSelection(rawValue: encoder.tokens)
        else {
            throw PipelineError.beyondRepair(
                path: directory,
                reason: "this program knows no precision `\(encoder.precision)` "
                    + "with tokens `\(encoder.tokens)`")
        }
        var options = ExtractFeatures.Options(outputDirectory: directory)
        options.precision = precision
        options.bfloat16Blocks = encoder.bfloat16Blocks ?? []
        options.tokens = tokens
        do {
            return try ExtractFeatures(
                dataset: Dataset(directory: report.source),
                model: ModelDirectory.resolve(
                    report.model, recorded: nil, modelsDirectory: "models"),
                options: options, restoration: restoration)
        } catch ModelError.precisionUnavailable(let precision, _) {
            throw PipelineError.otherProcessor(path: directory, precision: precision)
        }
    }
}
