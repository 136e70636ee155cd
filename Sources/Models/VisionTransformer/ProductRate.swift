public import Recipes
import Tensors

extension ModelDirectory {
    /// Floating-point operations that the encoder needs for one frame.
    public var flopsPerFrame: Int { vision.flopsPerFrame }

    /// Tokens kept of one frame and their width, (L, D).
    public func frameShape(_ tokens: TokenSelection) -> [Int] {
        [tokens.count(gridSize: vision.gridSize), vision.hiddenSize]
    }

    /// Measures how fast this machine does the encoder's own products and nothing else.
    ///
    /// Every thread runs the four products of a block, with the shapes that `precision` packs, and
    /// no nonlinearity, `rounds` times.
    /// - Returns: 10⁹ floating-point operations a second over all threads.
    /// - Throws: `ModelError.precisionUnavailable`.
    public func measureProductRate(
        _ precision: VisionPrecision, rounds: Int = 2
    ) throws(ModelError) -> Double {
        let (width, inner) = (vision.hiddenSize, vision.intermediateSize)
        var operations = 0.0
        var seconds = 0.0
        for (outputs, inputs) in [
            (3 * width, width), (width, width), (inner, width), (width, inner),
        ] {
            let product: MatrixProduct
            do {
                product = try makeProduct(precision, outputs: outputs, inputs: inputs)
            } catch {
                throw .precisionUnavailable(precision.rawValue, reason: "\(error)")
            }
            switch precision {
            case .float32: seconds += time(product, Float(0), outputs, inputs, rounds)
            case .bfloat16: seconds += time(product, BFloat16(bits: 0), outputs, inputs, rounds)
            case .int8: seconds += time(product, Int8(0), outputs, inputs, rounds)
            }
            operations +=
                2 * Double(vision.numTokens * outputs * inputs * rounds * MathThreads.count)
        }
        return operations / seconds / 1e9
    }

    private func makeProduct(
        _ precision: VisionPrecision, outputs: Int, inputs: Int
    ) throws(ProductError) -> MatrixProduct {
        if precision == .int8 {
            return try MatrixProduct(
                rows: vision.numTokens, weights: QuantizedMatrix(rows: outputs, columns: inputs))
        }
        let weights = [Float](repeating: 0, count: outputs * inputs)
        let bias = [Float](repeating: 0, count: outputs)
        return try MatrixProduct(
            rows: vision.numTokens, weights: weights.span, bias: bias.span,
            input: precision.input, output: .float32)
    }

    private func time<Element: MatrixElement>(
        _ product: MatrixProduct, _ zero: Element, _ outputs: Int, _ inputs: Int, _ rounds: Int
    ) -> Double {
        let rows = vision.numTokens
        let source = [Element](repeating: zero, count: rows * inputs)
        func run(_ rounds: Int) -> Duration {
            ContinuousClock().measure {
                _ = mapInParallel(MathThreads.count) { _ in
                    var scratch = ProductScratch()
                    var target = [Float](repeating: 0, count: rows * outputs)
                    var span = target.mutableSpan
                    for _ in 0..<rounds { product.run(source.span, into: &span, &scratch) }
                }
            }
        }
        _ = run(1)
        let elapsed = run(rounds).components
        return Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18
    }
}
