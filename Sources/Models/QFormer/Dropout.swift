import Tensors

/// Dropout whose masks are a function of position.
///
/// They are the same for any number of threads and after resumption, and are made again in the
/// backward pass instead of kept.
/// Source: Srivastava et al., Dropout; kept elements are scaled by 1 / (1 - probability).
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

    /// Multiplies `x` by the mask of `site`; the backward pass does the same to the gradient.
    func apply(to x: inout [Float], site: Int) {
        guard probability > 0 else { return }
        let random = CounterRandom(seed: seed, stream: step << 16 | UInt64(site))
        let threshold = UInt32(Double(probability) * 0x1p32)
        let scale = 1 / (1 - probability)
        let blockSize = 1 << 16
        let count = x.count
        unsafe x.withUnsafeMutableBufferPointer { x in
            forEachInParallel((count + blockSize - 1) / blockSize) { block in
                let end = min((count + 1) / 2, (block + 1) * blockSize / 2)
                for pair in block * blockSize / 2..<end {
                    // One hash serves two elements.
                    let bits = random.bits(UInt64(pair))
                    let first = 2 * pair
                    unsafe x[first] *= UInt32(truncatingIfNeeded: bits) < threshold ? 0 : scale
                    if first + 1 < count {
                        unsafe x[first + 1] *= UInt32(bits >> 32) < threshold ? 0 : scale
                    }
                }
            }
        }
    }
}

/// The places of a layer at which dropout acts, numbered apart over all layers.
enum DropoutSite: Int {
    case attention, attentionOutput, crossAttention, crossAttentionOutput, mlpOutput

    /// The embedding's and the head's sites come before those of the layers.
    static let embedding = 0
    static let head = 1

    func number(layer: Int) -> Int { 2 + 5 * layer + rawValue }
}
