import Foundation
import Models
import Tensors

/// AdamW over all parameters at once, with its moments in two flat buffers.
///
/// Weight decay is decoupled and acts where a parameter decays. Scaling of the gradients and their
/// reset are part of the same pass over the memory.
/// Source: Loshchilov and Hutter, Decoupled Weight Decay Regularization (2019), algorithm 2; the
/// order of operations is PyTorch's `AdamW`.
struct AdamW: Sendable {
    /// First moments, in the layout of `ParameterStore.values`.
    var firstMoments: [Float]
    /// Second moments, in the same layout.
    var secondMoments: [Float]
    /// Updates done.
    var step = 0
    private let weightDecay: Double
    private let beta1 = 0.9
    private let beta2 = 0.999
    private let epsilon = 1e-8

    init(store: ParameterStore, weightDecay: Double) {
        firstMoments = [Float](repeating: 0, count: store.values.count)
        secondMoments = firstMoments
        self.weightDecay = weightDecay
    }

    /// Updates the values of the parameters that `isTrained` admits from their gradients, each
    /// times `gradientScale`, and sets those gradients to 0.
    mutating func update(
        _ store: inout ParameterStore, learningRate: Double, gradientScale: Float = 1,
        isTrained: (Parameter) -> Bool = { _ in true }
    ) {
        step += 1
        let correction1 = 1 - pow(beta1, Double(step))
        let correction2 = (1 - pow(beta2, Double(step))).squareRoot()
        let blocks = store.parameters.filter(isTrained).flatMap { parameter in
            let decay = 1 - learningRate * (parameter.decays ? weightDecay : 0)
            let coefficients = AdamWCoefficients(
                gradientScale: gradientScale, decay: Float(decay), beta1: Float(beta1),
                beta2: Float(beta2), stepSize: Float(learningRate / correction1),
                correction2: Float(correction2), epsilon: Float(epsilon))
            return parameter.blocks.map { ($0, coefficients) }
        }
        adamWStepInParallel(
            blocks, &store.values, &store.gradients, &firstMoments, &secondMoments)
    }
}

/// The common Euclidean norm of the gradients of the parameters that `isTrained` admits.
///
/// Summed in Float64, block by block, in an order that depends on the parameters alone.
func gradientNorm(
    _ store: ParameterStore, isTrained: (Parameter) -> Bool = { _ in true }
) -> Double {
    let blocks = store.parameters.filter(isTrained).flatMap(\.blocks)
    let sums = mapInParallel(blocks.count) { sumOfSquares(store.gradients.span, blocks[$0]) }
    return sums.reduce(0, +).squareRoot()
}

/// Σ x² over `range` of Float32 of any shape, in Float64.
private func sumOfSquares(_ values: Span<Float>, _ range: Range<Int>) -> Double {
    let values = values.extracting(range)
    var sums = SIMD8<Double>.zero
    let whole = values.count / 8 * 8
    for index in stride(from: 0, to: whole, by: 8) {
        var lanes = SIMD8<Double>.zero
        for lane in 0..<8 { lanes[lane] = Double(values[index + lane]) }
        sums.addProduct(lanes, lanes)
    }
    var sum = sums.sum()
    for index in whole..<values.count { sum += Double(values[index]) * Double(values[index]) }
    return sum
}

/// What gradients of norm `norm` are multiplied by, so that it is at most `maximum`; 0 means no
/// limit.
///
/// Source: PyTorch, `clip_grad_norm_`, whose 1e-6 in the denominator is kept.
func clippingScale(norm: Double, maximum: Double) -> Float {
    maximum > 0 ? Float(min(1, maximum / (norm + 1e-6))) : 1
}

extension Parameter {
    /// Pieces of the parameter that are worked on at once.
    fileprivate var blocks: [Range<Int>] {
        let size = 1 << 16
        return stride(from: range.lowerBound, to: range.upperBound, by: size).map {
            $0..<min($0 + size, range.upperBound)
        }
    }
}
