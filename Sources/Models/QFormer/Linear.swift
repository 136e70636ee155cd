import Tensors

/// y = x·Wᵀ + b with W (outputs, inputs) and b (outputs).
struct Linear: Sendable {
    let weight: Parameter
    let bias: Parameter
    private var outputs: Int { weight.shape[0] }
    private var inputs: Int { weight.shape[1] }

    init(_ name: String, inputs: Int, outputs: Int, in store: inout ParameterStore) {
        weight = store.add(name + ".weight", [outputs, inputs])
        bias = store.add(name + ".bias", [outputs])
    }

    /// Maps x, Float32 (rows, inputs), to Float32 (rows, outputs).
    func forward(_ x: [Float], _ store: ParameterStore) -> [Float] {
        let rows = x.count / inputs
        return [Float](count: rows * outputs) { y in
            fillRows(store.values.span.extracting(bias.range), into: &y)
            store.precision.multiply(
                GemmShape(m: rows, n: outputs, k: inputs, transposeB: true, accumulate: true),
                x.span, store.values.span.extracting(weight.range), into: &y)
        }
    }

    /// dW += dYᵀ·x, db += Σ dY.
    /// - Returns: DX = dY·W, Float32 (rows, inputs).
    func backward(_ x: [Float], gradient dY: [Float], _ store: inout ParameterStore) -> [Float] {
        let rows = x.count / inputs
        store.addProduct(
            GemmShape(m: outputs, n: inputs, k: rows, transposeA: true, accumulate: true),
            dY.span, x.span, to: weight)
        store.gradients.withMutableSpan(of: bias.range) { addRows(of: dY.span, to: &$0) }
        return [Float](count: rows * inputs) { dX in
            store.precision.multiply(
                GemmShape(m: rows, n: inputs, k: outputs), dY.span,
                store.values.span.extracting(weight.range), into: &dX)
        }
    }
}

/// Layer normalisation with its weight and bias; see `layerNorm`.
struct Norm: Sendable {
    let weight: Parameter
    let bias: Parameter
    let epsilon: Float

    /// What the backward pass needs.
    struct Cache {
        let x: [Float]
        let statistics: [Float]
    }

    init(
        _ name: String, width: Int, epsilon: Float, in store: inout ParameterStore
    ) {
        weight = store.add(name + ".weight", [width])
        bias = store.add(name + ".bias", [width])
        self.epsilon = epsilon
    }

    /// Normalises x, Float32 (rows, D), row by row.
    func forward(_ x: [Float], _ store: ParameterStore) -> (y: [Float], cache: Cache) {
        var y = [Float](repeating: 0, count: x.count)
        var statistics = [Float](repeating: 0, count: 2 * x.count / weight.range.count)
        var ySpan = y.mutableSpan
        var statisticsSpan = statistics.mutableSpan
        layerNorm(
            x.span, weight: store.values.span.extracting(weight.range),
            bias: store.values.span.extracting(bias.range), epsilon: epsilon, into: &ySpan,
            statistics: &statisticsSpan)
        return (y, Cache(x: x, statistics: statistics))
    }

    /// Adds the gradients of weight and bias, given dY, Float32 (rows, D).
    /// - Returns: DX, Float32 (rows, D).
    func backward(_ cache: Cache, gradient dY: [Float], _ store: inout ParameterStore) -> [Float] {
        var dX = [Float](repeating: 0, count: dY.count)
        var dWeight = Array(store.gradients[weight.range])
        var dBias = Array(store.gradients[bias.range])
        var dXSpan = dX.mutableSpan
        var dWeightSpan = dWeight.mutableSpan
        var dBiasSpan = dBias.mutableSpan
        layerNormBackward(
            cache.x.span, weight: store.values.span.extracting(weight.range),
            statistics: cache.statistics.span, gradient: dY.span, dX: &dXSpan,
            dWeight: &dWeightSpan, dBias: &dBiasSpan)
        store.gradients.replaceSubrange(weight.range, with: dWeight)
        store.gradients.replaceSubrange(bias.range, with: dBias)
        return dX
    }
}
