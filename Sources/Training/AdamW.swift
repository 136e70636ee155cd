import Foundation
import Models

/// AdamW over all parameters at once, with its moments in two flat buffers.
///
/// Weight decay is decoupled and acts where a parameter decays.
/// Source: Loshchilov and Hutter, Decoupled Weight Decay Regularization; the order of operations is
/// PyTorch's `AdamW`.
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

    /// Updates the values of the parameters that `isTrained` admits from their gradients.
    mutating func update(
        _ store: inout ParameterStore, learningRate: Double,
        isTrained: (Parameter) -> Bool = { _ in true }
    ) {
        step += 1
        let correction1 = 1 - pow(beta1, Double(step))
        let correction2 = (1 - pow(beta2, Double(step))).squareRoot()
        for parameter in store.parameters where isTrained(parameter) {
            let decay = Float(1 - learningRate * (parameter.decays ? weightDecay : 0))
            let coefficients = Coefficients(
                decay: decay, beta1: Float(beta1), beta2: Float(beta2),
                stepSize: Float(learningRate / correction1), correction2: Float(correction2),
                epsilon: Float(epsilon))
            updateValues(
                &store.values, store.gradients, &firstMoments, &secondMoments, parameter.range,
                coefficients)
        }
    }

    fileprivate struct Coefficients {
        let decay: Float
        let beta1: Float
        let beta2: Float
        let stepSize: Float
        let correction2: Float
        let epsilon: Float
    }
}

private func updateValues(
    _ values: inout [Float], _ gradients: [Float], _ first: inout [Float],
    _ second: inout [Float], _ range: Range<Int>, _ c: AdamW.Coefficients
) {
    for index in range {
        let gradient = gradients[index]
        let m = first[index] + (gradient - first[index]) * (1 - c.beta1)
        let v = second[index] * c.beta2 + gradient * gradient * (1 - c.beta2)
        first[index] = m
        second[index] = v
        values[index] =
            values[index] * c.decay - c.stepSize * m / (v.squareRoot() / c.correction2 + c.epsilon)
    }
}

/// Scales the gradients so that their common norm is at most `maximum`.
///
/// Source: PyTorch, `clip_grad_norm_`, whose 1e-6 in the denominator is kept.
/// - Returns: the norm before scaling.
func clipGradients(
    _ store: inout ParameterStore, maximum: Double, isTrained: (Parameter) -> Bool = { _ in true }
) -> Double {
    var sum = 0.0
    for parameter in store.parameters where isTrained(parameter) {
        for index in parameter.range {
            sum += Double(store.gradients[index]) * Double(store.gradients[index])
        }
    }
    let norm = sum.squareRoot()
    let scale = Float(maximum / (norm + 1e-6))
    if maximum > 0, scale < 1 {
        for index in store.gradients.indices { store.gradients[index] *= scale }
    }
    return norm
}
