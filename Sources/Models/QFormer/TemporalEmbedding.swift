import Foundation
import Tensors

/// A vector for a moment: E(t) = φ(t)·W with W (32, width), which begins at 0.
///
/// φ(t) holds sine and cosine of t at periods of 1/8 second and its doublings. It depends on
/// seconds alone, so a moment means the same at any number of frames and at variable frame rates.
/// Source: Vaswani et al., Attention is all you need (2017), section 3.5, with learned mixtures.
struct TemporalEmbedding: Sendable {
    private let weight: Parameter
    private let width: Int

    private static let numPeriods = 16
    private static let shortestPeriod = 0.125

    /// The name of its weights.
    static let name = "qformer.temporal_embeddings.weight"

    init(width: Int, in store: inout ParameterStore) {
        self.width = width
        weight = store.add(Self.name, [2 * Self.numPeriods, width], initialValue: 0)
    }

    /// The vectors of `times`, in seconds: Float32 (count, width).
    func forward(_ times: [Double], _ store: ParameterStore) -> [Float] {
        let features = Self.features(times)
        return [Float](count: times.count * width) { rows in
            gemmInParallel(
                GemmShape(m: times.count, n: width, k: 2 * Self.numPeriods), features.span,
                store.values.span.extracting(weight.range), into: &rows)
        }
    }

    /// dW += φᵀ·dE, given dE, Float32 (count, width).
    func backward(_ times: [Double], gradient: [Float], _ store: inout ParameterStore) {
        let features = Self.features(times)
        store.gradients.withMutableSpan(of: weight.range) {
            gemmInParallel(
                GemmShape(
                    m: 2 * Self.numPeriods, n: width, k: times.count, transposeA: true,
                    accumulate: true), features.span, gradient.span, into: &$0)
        }
    }

    /// φ, Float32 (count, 32): for each time all sines, then all cosines, from the shortest period
    /// to the longest.
    static func features(_ times: [Double]) -> [Float] {
        times.flatMap { time in
            let phases = (0..<numPeriods).map { index in
                2 * Double.pi * time / (shortestPeriod * Double(1 << index))
            }
            return phases.map { Float(sin($0)) } + phases.map { Float(cos($0)) }
        }
    }
}
