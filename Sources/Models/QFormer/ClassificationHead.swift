import Tensors

/// The classification head: mean over the queries, LayerNorm, Linear, GELU, dropout, Linear.
///
/// Where frames have queries of their own, the means of all T frames stand side by side, so the
/// first two parts are T·width wide; that is how the answer knows the order of the frames.
/// Its parameters are numbered as in `nn.Sequential`: 0, 1, 4.
struct ClassificationHead: Sendable {
    private let norm: Norm
    private let hidden: Linear
    private let output: Linear
    private let numQueries: Int
    private let width: Int

    /// What the backward pass needs.
    struct Cache {
        let norm: Norm.Cache
        let normalized: [Float]
        /// Before GELU.
        let hidden: [Float]
        /// After GELU and dropout.
        let activated: [Float]
    }

    init(
        _ configuration: QFormerConfiguration, numClasses: Int, in store: inout ParameterStore
    ) {
        numQueries = configuration.numQueryTokens
        width = configuration.hiddenSize
        let inputs = configuration.sequencesPerClip * width
        norm = Norm("classifier.0", width: inputs, epsilon: 1e-5, in: &store)
        hidden = Linear("classifier.1", inputs: inputs, outputs: width, in: &store)
        output = Linear("classifier.4", inputs: width, outputs: numClasses, in: &store)
    }

    /// Classifies `queries`, Float32 (N·Q, width) of N sequences, each a clip or one of its frames.
    /// - Returns: Logits, Float32 (B, classes).
    func forward(
        _ queries: [Float], dropout: Dropout?, _ store: ParameterStore
    ) -> (logits: [Float], cache: Cache) {
        let numGroups = queries.count / (numQueries * width)
        var mean = [Float](repeating: 0, count: numGroups * width)
        for row in 0..<numGroups * numQueries {
            let group = row / numQueries
            for column in 0..<width {
                mean[group * width + column] += queries[row * width + column]
            }
        }
        for index in mean.indices { mean[index] /= Float(numQueries) }
        let (normalized, normCache) = norm.forward(mean, store)
        let hiddenValues = hidden.forward(normalized, store)
        var dropped = activated(hiddenValues)
        dropout?.apply(to: &dropped, site: DropoutSite.head)
        let cache = Cache(
            norm: normCache, normalized: normalized, hidden: hiddenValues, activated: dropped)
        return (output.forward(dropped, store), cache)
    }

    /// Adds the parameters' gradients, given dLogits, Float32 (B, classes).
    /// - Returns: DQueries, Float32 (N·Q, width).
    func backward(
        _ cache: Cache, gradient: [Float], dropout: Dropout?, _ store: inout ParameterStore
    ) -> [Float] {
        var dHidden = output.backward(cache.activated, gradient: gradient, &store)
        dropout?.apply(to: &dHidden, site: DropoutSite.head)
        var span = dHidden.mutableSpan
        geluBackward(cache.hidden.span, gradient: &span)
        let dNormalized = hidden.backward(cache.normalized, gradient: dHidden, &store)
        let dMean = norm.backward(cache.norm, gradient: dNormalized, &store)
        let numGroups = dMean.count / width
        var dQueries: [Float] = []
        dQueries.reserveCapacity(numGroups * numQueries * width)
        for group in 0..<numGroups {
            let row = dMean[group * width..<(group + 1) * width].map { $0 / Float(numQueries) }
            for _ in 0..<numQueries { dQueries += row }
        }
        return dQueries
    }
}
