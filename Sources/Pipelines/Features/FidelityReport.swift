import Files
public import Models
import Preprocessing
import Recipes
public import Shards

/// How near the features of int8 come to those of float32, on the first clips of a dataset.
public struct FidelityReport: Sendable, CustomStringConvertible {
    /// The blocks that are sensitive to int8's rounding, which stay in bfloat16.
    public let bfloat16Blocks: [Int]
    /// The cosines of its tokens with those of float32.
    public private(set) var tokens = TokenFidelity()
    /// The clip with the worst token.
    public private(set) var worstKey = ""

    /// Finds the blocks that are sensitive to int8's rounding on the first clips of `dataset`, then
    /// encodes these clips without and with int8, one encoder in memory after the other.
    /// - Throws: `ModelError`, as `ModelDirectory.makeVisionTransformer`; `ShardError`, as
    ///   `Dataset.readers`, and `.corruptShard` if a sample is damaged.
    public init(dataset: Dataset, model: ModelDirectory, clips: Int = 2) throws {
        let samples = try Self.firstSamples(of: dataset, count: clips)
        let normalization = PixelNormalization(model.imageProcessor)
        var distinct = DistinctFrames()
        for sample in samples { _ = distinct.add(sample.frames) }
        bfloat16Blocks = try model.blocksHurtByInt8(
            pixelValues: distinct.frames.map { normalization.pixelValues(of: $0) })
        var recipe = FeatureRecipe(
            modelHash: "", precision: .float32, tokens: .all, instructionSet: "")
        let exact = Self.encode(samples, try FrameEncoder(model: model, recipe: recipe))
        recipe.precision = .int8
        recipe.bfloat16Blocks = bfloat16Blocks
        let narrow = Self.encode(samples, try FrameEncoder(model: model, recipe: recipe))
        for (index, sample) in samples.enumerated() {
            let worst = tokens.worst
            add(narrow.features[index], exact.features[index], width: exact.width)
            if tokens.worst < worst { worstKey = sample.key }
        }
    }

    private mutating func add(_ found: [Float], _ expected: [Float], width: Int) {
        tokens.add(found.span, expected.span, width: width)
    }

    private static func firstSamples(
        of dataset: Dataset, count: Int
    ) throws -> [(key: String, frames: [StoredFrame])] {
        var samples: [(key: String, frames: [StoredFrame])] = []
        for reader in try dataset.readers() {
            for sample in reader.samples where samples.count < count {
                let frames = try reader.frames(of: sample, recipe: dataset.description.clipRecipe)
                samples.append(("\(sample.key)", frames))
            }
        }
        return samples
    }

    private static func encode(
        _ samples: [(key: String, frames: [StoredFrame])], _ encoder: FrameEncoder
    ) -> (features: [[Float]], width: Int) {
        let features = samples.map { encoder.features(of: $0.frames).values }
        return (features, encoder.hiddenSize)
    }

    /// The report in one line.
    public var description: String {
        (bfloat16Blocks.isEmpty
            ? ""
            : "int8 rounds too coarsely in the blocks \(bfloat16Blocks.map(String.init).joined(separator: ", ")): "
                + "they stay in bfloat16\n")
            + "int8 against float32, \(counted(tokens.count, "token")) of the first clips: cosine "
            + "\(tokens.mean.formatted(decimals: 5)) on average, "
            + "\(tokens.worst.formatted(decimals: 5)) at worst (clip \(worstKey))"
    }
}
