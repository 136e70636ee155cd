import Tensors

/// LayerNorm(dropout(dense(x)) + residual): how each part of a Q-Former layer ends.
///
/// Source: transformers, `Blip2QFormerSelfOutput` and `Blip2QFormerOutput`.
struct ResidualOutput: Sendable {
    let dense: Linear
    let norm: Norm
    private let site: Int

    /// What the backward pass needs.
    struct Cache {
        let x: [Float]
        let norm: Norm.Cache
    }

    init(
        _ name: String, inputs: Int, configuration: QFormerConfiguration, site: Int,
        in store: inout ParameterStore
    ) {
        dense = Linear(
            name + ".dense", inputs: inputs, outputs: configuration.hiddenSize, in: &store)
        norm = Norm(
            name + ".LayerNorm", width: configuration.hiddenSize,
            epsilon: configuration.layerNormEpsilon, in: &store)
        self.site = site
    }

    /// Maps x, Float32 (rows, inputs), and the residual, Float32 (rows, width), to y of the shape
    /// of the residual.
    func forward(
        _ x: [Float], residual: [Float], dropout: Dropout?, _ store: ParameterStore
    ) -> (y: [Float], cache: Cache) {
        var sum = dense.forward(x, store)
        dropout?.apply(to: &sum, site: site)
        var span = sum.mutableSpan
        add(residual.span, to: &span)
        let (y, cache) = norm.forward(sum, store)
        return (y, Cache(x: x, norm: cache))
    }

    /// Adds the parameters' gradients, given dY, Float32 (rows, width).
    /// - Returns: The gradients of `x`, Float32 (rows, inputs), and of the residual, Float32 (rows,
    ///   width).
    func backward(
        _ cache: Cache, gradient: [Float], dropout: Dropout?, _ store: inout ParameterStore
    ) -> (dX: [Float], dResidual: [Float]) {
        let dSum = norm.backward(cache.norm, gradient: gradient, &store)
        var dDense = dSum
        dropout?.apply(to: &dDense, site: site)
        return (dense.backward(cache.x, gradient: dDense, &store), dSum)
    }
}
