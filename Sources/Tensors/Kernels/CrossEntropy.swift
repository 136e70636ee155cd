import Foundation

/// Cross entropy of softmax(logits) against class indices, and its gradient.
///
/// With label smoothing ε the target t is (1 - ε) on the label plus ε / classes everywhere; with
/// class weights c a row's loss is -Σ cₖ tₖ log pₖ. Computed in Float64.
/// Source: PyTorch `CrossEntropyLoss`; `label_smoothing` and `weight` as there.
/// - Precondition: There is a label, and each is in 0..<classes.
/// - Parameters:
///   - logits: Float32 (B, classes).
///   - labels: B class indices.
///   - labelSmoothing: ε, from 0 to less than 1.
///   - classWeights: c, one per class; `nil` means 1 for all.
///   - weight: Factor of the sum of the rows' losses in the total loss.
///   - gradient: Float32 (B, classes); written: the gradient of `weight` times that sum.
/// - Returns: The loss of each row, without `weight`.
public func crossEntropy(
    logits: Span<Float>, labels: [Int], labelSmoothing: Float = 0,
    classWeights: [Double]? = nil, weight: Float, gradient: inout MutableSpan<Float>
) -> [Double] {
    precondition(!labels.isEmpty && logits.count.isMultiple(of: labels.count))
    precondition(gradient.count == logits.count)
    precondition(classWeights.map { $0.count == logits.count / labels.count } ?? true)
    let numClasses = logits.count / labels.count
    let smoothing = Double(labelSmoothing)
    return labels.enumerated().map { row, label in
        precondition(0..<numClasses ~= label, "class \(label) of \(numClasses)")
        let start = row * numClasses
        var maximum = -Double.infinity
        for index in 0..<numClasses { maximum = max(maximum, Double(logits[start + index])) }
        var sum = 0.0
        for index in 0..<numClasses { sum += exp(Double(logits[start + index]) - maximum) }
        let logSum = maximum + log(sum)
        func target(_ index: Int) -> Double {
            let share = (index == label ? 1 - smoothing : 0) + smoothing / Double(numClasses)
            return share * (classWeights?[index] ?? 1)
        }
        let mass = (0..<numClasses).reduce(0.0) { $0 + target($1) }
        var loss = 0.0
        for index in 0..<numClasses {
            let logProbability = Double(logits[start + index]) - logSum
            loss -= target(index) * logProbability
            gradient[start + index] = weight * Float(mass * exp(logProbability) - target(index))
        }
        return loss
    }
}

/// Softmax of one row of logits, Float32 (classes), computed in Float64.
public func probabilities(ofLogits logits: ArraySlice<Float>) -> [Double] {
    let maximum = Double(logits.max() ?? 0)
    let values = logits.map { exp(Double($0) - maximum) }
    let sum = values.reduce(0, +)
    return values.map { $0 / sum }
}
