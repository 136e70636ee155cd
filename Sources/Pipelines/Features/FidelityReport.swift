public import Models
public import Shards

/// How near the features of narrow numbers come to those of float32, on the first clips of a
/// dataset.
public struct FidelityReport: Sendable, CustomStringConvertible {
    /// In which numbers the encoder multiplied.
    public let precision: VisionPrecision
    /// The cosines of its tokens with those of float32.
    public private(set) var tokens = TokenFidelity()
    /// The clip with the worst token.
    public private(set) var worstKey = ""

    /// Encodes the first clips of `dataset` twice, one encoder in memory after the other.
    /// - Throws: `ModelError`, and what reading throws.
    public init(
        dataset: Dataset, model: ModelDirectory, precision: VisionPrecision, clips: Int = 2
    ) throws {
        self.precision = precision
        let samples = try Self.firstSamples(of: dataset, count: clips)
        let exact = try Self.encode(samples, model, .float32)
        let narrow = try Self.encode(samples, model, precision)
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
        for reader in try dataset.readers(split: nil) {
            for sample in reader.sidecar.samples where samples.count < count {
                let frames = try reader.frames(of: sample, settings: dataset.description.settings)
                samples.append((sample.key, frames))
            }
        }
        return samples
    }

    private static func encode(
        _ samples: [(key: String, frames: [StoredFrame])], _ model: ModelDirectory,
        _ precision: VisionPrecision
    ) throws -> (features: [[Float]], width: Int) {
        let encoder = try FrameEncoder(model: model, precision: precision)
        let features = samples.map { encoder.features(of: $0.frames).values }
        return (features, encoder.hiddenSize)
    }

    /// The report in one line.
    public var description: String {
        "\(precision.rawValue) beside float32, \(tokens.count) tokens of the first clips: cosine "
            + "\(tokens.mean.formatted(decimals: 5)) on average, "
            + "\(tokens.worst.formatted(decimals: 5)) at worst (clip \(worstKey))"
    }
}
