import Tensors

/// Dropout whose masks are a function of position.
///
/// They are the same for any number of threads and after resumption, and are made again in the
/// backward pass instead of kept.
/// Source: Srivastava et al., Dropout (2014); kept elements are scaled by 1 / (1 - probability).
public struct Dropout: Sendable {
    /// Share of elements that become 0, from 0 to less than 1.
    public let probability: Float
    /// Seed of the masks.
    public let seed: UInt64
    /// Number of the pass; must differ between any two passes of a training.
    public let step: UInt64

    /// Chooses the masks of one forward and backward pass.
    public init(probability: Float, seed: UInt64, step: UInt64) {
        self.probability = probability
        self.seed = seed
        self.step = step
    }

    /// Multiplies `x`, of any shape, by the mask of `site`; the backward pass does the same to the
    /// gradient.
    func apply(to x: inout [Float], site: Int) {
        guard probability > 0 else { return }
        x.forEachBlockInParallel { range, part in
            apply(to: &part, site: site, from: range.lowerBound)
        }
    }

    /// The same for a part of the tensor at `site` that begins at its element `start`.
    func apply(to x: inout MutableSpan<Float>, site: Int, from start: Int) {
        guard probability > 0 else { return }
        applyDropoutMask(
            to: &x, from: start, CounterRandom(seed: seed, stream: step << 16 | UInt64(site)),
            threshold: UInt32(Double(probability) * 0x1p32), scale: 1 / (1 - probability))
    }
}

/// The places of a layer at which dropout acts, numbered apart over all layers.
enum DropoutSite: Int, CaseIterable {
    case attention, attentionOutput, crossAttention, crossAttentionOutput, mlpOutput, textOutput

    /// The embedding's and the head's sites come before those of the layers.
    static let embedding = 0
    static let head = 1

    /// The number of this place in layer `layer`.
    func number(layer: Int) -> Int { 2 + Self.allCases.count * layer + rawValue }
}
