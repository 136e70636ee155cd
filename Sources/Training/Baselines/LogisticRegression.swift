import Tensors

/// Multinomial logistic regression with an L2 penalty on the weights, not on the intercepts.
///
/// It minimises C · Σ cross entropy + ½ · ‖W‖². Products are Float32, sums and steps Float64; the
/// bits do not depend on the number of threads.
/// Source: scikit-learn, `LogisticRegression(C=…)`, whose multinomial loss also serves two classes
/// here.
struct LogisticRegression: Sendable, Codable, Equatable {
    /// W, (classes, width).
    let weights: [Float]
    /// One for each class.
    let intercepts: [Float]

    private var numClasses: Int { intercepts.count }

    /// Fits `x`, Float32 (rows, width), to `labels`; `nil` if it was stopped.
    /// - Precondition: a label for each row, at least one; every class occurs.
    /// - Parameters:
    ///   - x: Inputs of about unit deviation.
    ///   - labels: A class for each row.
    ///   - numClasses: Number of classes.
    ///   - c: C, how little the weights are penalised.
    ///   - solver: How it is minimised.
    ///   - isStopped: Asked before each evaluation.
    init?(
        _ x: [Float], labels: [Int], numClasses: Int, c: Double, solver: LBFGS = LBFGS(),
        isStopped: () -> Bool = { false }
    ) {
        let width = x.count / labels.count
        let size = numClasses * width
        let start = [Double](repeating: 0, count: size + numClasses)
        let best = solver.minimum(from: start) { variables in
            isStopped()
                ? nil : Self.objective(variables, x, labels, width: width, numClasses, c: c)
        }
        guard let best else { return nil }
        weights = best[..<size].map { Float($0) }
        intercepts = best[size...].map { Float($0) }
    }

    /// The class of each row of `x`, Float32 (rows, width).
    func predictions(_ x: [Float]) -> [Int] {
        let width = weights.count / numClasses
        let logits = Self.logits(x, weights, intercepts, rows: x.count / width)
        return (0..<x.count / width).map { row in
            let own = logits[row * numClasses..<(row + 1) * numClasses]
            return (own.indices.max { own[$0] < own[$1] } ?? own.startIndex) - own.startIndex
        }
    }

    /// x·Wᵀ + b, Float32 (rows, classes).
    private static func logits(
        _ x: [Float], _ weights: [Float], _ intercepts: [Float], rows: Int
    ) -> [Float] {
        [Float](count: rows * intercepts.count) { logits in
            fillRows(intercepts.span, into: &logits)
            gemmInParallel(
                GemmShape(
                    m: rows, n: intercepts.count, k: x.count / rows, transposeB: true,
                    accumulate: true), x.span, weights.span, into: &logits)
        }
    }

    /// The function to minimise, divided by the rows, at `variables`: weights, then intercepts.
    private static func objective(
        _ variables: [Double], _ x: [Float], _ labels: [Int], width: Int, _ numClasses: Int,
        c: Double
    ) -> LBFGS.Evaluation {
        let (rows, size) = (labels.count, numClasses * width)
        let logits = logits(
            x, variables[..<size].map { Float($0) }, variables[size...].map { Float($0) },
            rows: rows)
        let scale = c / Double(rows)
        // Blocks depend on the rows alone.
        let blockSize = 256
        let parts = mapInParallel((rows + blockSize - 1) / blockSize) { block in
            let range = block * blockSize..<min(rows, (block + 1) * blockSize)
            var gradient = [Float](repeating: 0, count: range.count * numClasses)
            var span = gradient.mutableSpan
            let losses = crossEntropy(
                logits: logits.span.extracting(
                    range.lowerBound * numClasses..<range.upperBound * numClasses),
                labels: Array(labels[range]), weight: Float(scale), gradient: &span)
            return (loss: losses.reduce(0, +), gradient: gradient)
        }
        let slopes = parts.flatMap(\.gradient)
        let products = [Float](count: size) { products in
            gemmInParallel(
                GemmShape(m: numClasses, n: width, k: rows, transposeA: true), slopes.span, x.span,
                into: &products)
        }
        var value = scale * parts.reduce(0) { $0 + $1.loss }
        var gradient = [Double](repeating: 0, count: variables.count)
        for index in 0..<size {
            value += variables[index] * variables[index] / Double(2 * rows)
            gradient[index] = Double(products[index]) + variables[index] / Double(rows)
        }
        for (place, slope) in slopes.enumerated() {
            gradient[size + place % numClasses] += Double(slope)
        }
        return LBFGS.Evaluation(value: value, gradient: gradient)
    }
}
