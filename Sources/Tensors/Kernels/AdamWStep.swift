/// What one step of AdamW multiplies by.
public struct AdamWCoefficients: Sendable {
    /// Factor of the gradients.
    public let gradientScale: Float
    /// Factor of the values: 1 - learning rate · weight decay.
    public let decay: Float
    /// Decay of the first moments.
    public let beta1: Float
    /// Decay of the second moments.
    public let beta2: Float
    /// Learning rate over the bias correction of the first moments.
    public let stepSize: Float
    /// Root of the bias correction of the second moments.
    public let correction2: Float
    /// Added to the denominator.
    public let epsilon: Float

    /// Creates the coefficients from their parts.
    public init(
        gradientScale: Float, decay: Float, beta1: Float, beta2: Float, stepSize: Float,
        correction2: Float, epsilon: Float
    ) {
        self.gradientScale = gradientScale
        self.decay = decay
        self.beta1 = beta1
        self.beta2 = beta2
        self.stepSize = stepSize
        self.correction2 = correction2
        self.epsilon = epsilon
    }
}

/// One step of AdamW on each of `blocks`, which several threads share; the gradients become 0.
///
/// With g = gradientScale · gradient: m ← β₁ m + (1 - β₁) g, v ← β₂ v + (1 - β₂) g²,
/// value ← decay · value - stepSize · m / (√v / correction2 + ε).
/// Source: Loshchilov and Hutter, Decoupled Weight Decay Regularization (2019), algorithm 2; ε is
/// added where PyTorch's `AdamW` adds it.
/// - Precondition: The arrays are equally long; the blocks lie inside and do not meet.
/// - Parameters:
///   - blocks: Ranges of elements with coefficients of their own; elements in none do not change.
///   - values: Float32, any shape; updated.
///   - gradients: Float32, the shape of `values`; 0 on return.
///   - first: Float32, the shape of `values`: m; updated.
///   - second: Float32, the shape of `values`: v; updated.
public func adamWStepInParallel(
    _ blocks: [(range: Range<Int>, coefficients: AdamWCoefficients)], _ values: inout [Float],
    _ gradients: inout [Float], _ first: inout [Float], _ second: inout [Float]
) {
    precondition([gradients.count, first.count, second.count].allSatisfy { $0 == values.count })
    unsafe gradients.withUnsafeMutableBufferPointer { gradients in
        unsafe first.withUnsafeMutableBufferPointer { first in
            unsafe second.withUnsafeMutableBufferPointer { second in
                // Guard: what holds for the blocks of `values` holds for the others as well.
                nonisolated(unsafe) let (gradients, first, second) = unsafe (
                    gradients, first, second
                )
                values.forEachInParallel(of: blocks.map(\.range)) { index, values in
                    let (range, coefficients) = blocks[index]
                    var gradients = unsafe MutableSpan(
                        _unsafeElements: gradients.extracting(range))
                    var first = unsafe MutableSpan(_unsafeElements: first.extracting(range))
                    var second = unsafe MutableSpan(_unsafeElements: second.extracting(range))
                    adamWStep(&values, &gradients, &first, &second, coefficients)
                }
            }
        }
    }
}

/// `adamWStepInParallel` of one block, in one pass over the memory.
/// - Precondition: equal counts.
func adamWStep(
    _ values: inout MutableSpan<Float>, _ gradients: inout MutableSpan<Float>,
    _ first: inout MutableSpan<Float>, _ second: inout MutableSpan<Float>,
    _ c: AdamWCoefficients
) {
    let total = values.count
    precondition(gradients.count == total && first.count == total && second.count == total)
    unsafe values.withUnsafeMutableBufferPointer { values in
        unsafe gradients.withUnsafeMutableBufferPointer { gradients in
            unsafe first.withUnsafeMutableBufferPointer { first in
                unsafe second.withUnsafeMutableBufferPointer { second in
                    guard let values = values.baseAddress, let gradients = gradients.baseAddress,
                        let first = first.baseAddress, let second = second.baseAddress
                    else { return }
                    for index in stride(from: 0, to: total, by: 8) {
                        let count = min(8, total - index)
                        let gradient =
                            unsafe gradients.vector(at: index, count: count) * c.gradientScale
                        let old = unsafe first.vector(at: index, count: count)
                        let m = old + (gradient - old) * (1 - c.beta1)
                        let v =
                            unsafe second.vector(at: index, count: count) * c.beta2
                            + gradient * gradient * (1 - c.beta2)
                        let step =
                            c.stepSize * m / (v.squareRoot() / c.correction2 + c.epsilon)
                        let value =
                            unsafe values.vector(at: index, count: count) * c.decay - step
                        unsafe first.store(m, at: index, count: count)
                        unsafe second.store(v, at: index, count: count)
                        unsafe values.store(value, at: index, count: count)
                        unsafe gradients.store(.zero, at: index, count: count)
                    }
                }
            }
        }
    }
}
