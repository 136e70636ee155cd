/// The weights of one pre-norm block, in one layout for all architectures.
struct VisionBlockWeights: Sendable {
    let norm1Weight: [Float]
    let norm1Bias: [Float]
    /// Queries, keys and values stacked, Float32 (3·D, D).
    let qkvWeight: [Float]
    let qkvBias: [Float]
    /// Float32 (D, D).
    let projectionWeight: [Float]
    let projectionBias: [Float]
    let norm2Weight: [Float]
    let norm2Bias: [Float]
    /// Float32 (I, D).
    let fc1Weight: [Float]
    let fc1Bias: [Float]
    /// Float32 (D, I).
    let fc2Weight: [Float]
    let fc2Bias: [Float]
}

/// The weights of a vision transformer.
struct VisionTransformerWeights: Sendable {
    /// Float32 (D, C·P·P).
    let patchWeight: [Float]
    let patchBias: [Float]
    let classToken: [Float]
    /// Float32 (L, D).
    let positions: [Float]
    let blocks: [VisionBlockWeights]
    let finalNormWeight: [Float]
    let finalNormBias: [Float]

    init(configuration: VisionConfiguration, source: WeightSource) throws(ModelError) {
        switch configuration.architecture {
        case .blip2: try self.init(blip2: configuration, source)
        case .dinov2: try self.init(dinov2: configuration, source)
        }
    }
}

// MARK: - BLIP-2

extension VisionTransformerWeights {
    /// Source: transformers, `Blip2VisionModel`.
    ///
    /// The older checkpoints' `q_bias` and `v_bias` are accepted.
    private init(blip2 shape: VisionConfiguration, _ source: WeightSource) throws(ModelError) {
        let width = shape.hiddenSize
        let embeddings = "vision_model.embeddings."
        patchWeight = try source.tensor(
            embeddings + "patch_embedding.weight", [width, 3, shape.patchSize, shape.patchSize])
        patchBias = try source.tensor(embeddings + "patch_embedding.bias", [width])
        classToken = try source.tensor(embeddings + "class_embedding", [1, 1, width])
        positions = try source.tensor(
            embeddings + "position_embedding", [1, shape.numTokens, width])
        var blocks: [VisionBlockWeights] = []
        for layer in 0..<shape.numHiddenLayers {
            blocks.append(try Self.blip2Block(layer, shape, source))
        }
        self.blocks = blocks
        finalNormWeight = try source.tensor("vision_model.post_layernorm.weight", [width])
        finalNormBias = try source.tensor("vision_model.post_layernorm.bias", [width])
    }

    private static func blip2Block(
        _ layer: Int, _ shape: VisionConfiguration, _ source: WeightSource
    ) throws(ModelError) -> VisionBlockWeights {
        let (width, inner) = (shape.hiddenSize, shape.intermediateSize)
        let prefix = "vision_model.encoder.layers.\(layer)."
        let qkvBias: [Float]
        if source.has(prefix + "self_attn.q_bias") {
            qkvBias =
                try source.tensor(prefix + "self_attn.q_bias", [width])
                + [Float](repeating: 0, count: width)
                + source.tensor(prefix + "self_attn.v_bias", [width])
        } else {
            qkvBias = try source.tensor(prefix + "self_attn.qkv.bias", [3 * width])
        }
        return VisionBlockWeights(
            norm1Weight: try source.tensor(prefix + "layer_norm1.weight", [width]),
            norm1Bias: try source.tensor(prefix + "layer_norm1.bias", [width]),
            qkvWeight: try source.tensor(prefix + "self_attn.qkv.weight", [3 * width, width]),
            qkvBias: qkvBias,
            projectionWeight: try source.tensor(
                prefix + "self_attn.projection.weight", [width, width]),
            projectionBias: try source.tensor(prefix + "self_attn.projection.bias", [width]),
            norm2Weight: try source.tensor(prefix + "layer_norm2.weight", [width]),
            norm2Bias: try source.tensor(prefix + "layer_norm2.bias", [width]),
            fc1Weight: try source.tensor(prefix + "mlp.fc1.weight", [inner, width]),
            fc1Bias: try source.tensor(prefix + "mlp.fc1.bias", [inner]),
            fc2Weight: try source.tensor(prefix + "mlp.fc2.weight", [width, inner]),
            fc2Bias: try source.tensor(prefix + "mlp.fc2.bias", [width]))
    }
}

// MARK: - DINOv2

extension VisionTransformerWeights {
    /// Source: transformers, `Dinov2Model`.
    ///
    /// LayerScale is folded into the product before it.
    private init(dinov2 shape: VisionConfiguration, _ source: WeightSource) throws(ModelError) {
        let width = shape.hiddenSize
        let projection = "embeddings.patch_embeddings.projection."
        patchWeight = try source.tensor(
            projection + "weight", [width, 3, shape.patchSize, shape.patchSize])
        patchBias = try source.tensor(projection + "bias", [width])
        classToken = try source.tensor("embeddings.cls_token", [1, 1, width])
        positions = try source.tensor(
            "embeddings.position_embeddings", [1, shape.numTokens, width])
        var blocks: [VisionBlockWeights] = []
        for layer in 0..<shape.numHiddenLayers {
            blocks.append(try Self.dinov2Block(layer, shape, source))
        }
        self.blocks = blocks
        finalNormWeight = try source.tensor("layernorm.weight", [width])
        finalNormBias = try source.tensor("layernorm.bias", [width])
    }

    private static func dinov2Block(
        _ layer: Int, _ shape: VisionConfiguration, _ source: WeightSource
    ) throws(ModelError) -> VisionBlockWeights {
        let (width, inner) = (shape.hiddenSize, shape.intermediateSize)
        let prefix = "encoder.layer.\(layer)."
        var qkvWeight: [Float] = []
        var qkvBias: [Float] = []
        for part in ["query", "key", "value"] {
            let name = prefix + "attention.attention.\(part)."
            qkvWeight += try source.tensor(name + "weight", [width, width])
            qkvBias += try source.tensor(name + "bias", [width])
        }
        let scale1 = try source.tensor(prefix + "layer_scale1.lambda1", [width])
        let scale2 = try source.tensor(prefix + "layer_scale2.lambda1", [width])
        return VisionBlockWeights(
            norm1Weight: try source.tensor(prefix + "norm1.weight", [width]),
            norm1Bias: try source.tensor(prefix + "norm1.bias", [width]),
            qkvWeight: qkvWeight, qkvBias: qkvBias,
            projectionWeight: scaleRows(
                try source.tensor(prefix + "attention.output.dense.weight", [width, width]),
                scale1),
            projectionBias: scaleRows(
                try source.tensor(prefix + "attention.output.dense.bias", [width]), scale1),
            norm2Weight: try source.tensor(prefix + "norm2.weight", [width]),
            norm2Bias: try source.tensor(prefix + "norm2.bias", [width]),
            fc1Weight: try source.tensor(prefix + "mlp.fc1.weight", [inner, width]),
            fc1Bias: try source.tensor(prefix + "mlp.fc1.bias", [inner]),
            fc2Weight: scaleRows(
                try source.tensor(prefix + "mlp.fc2.weight", [width, inner]), scale2),
            fc2Bias: scaleRows(try source.tensor(prefix + "mlp.fc2.bias", [width]), scale2))
    }

    /// Multiplies row i of a matrix with as many rows as `scale` has elements by `scale[i]`.
    private static func scaleRows(_ matrix: [Float], _ scale: [Float]) -> [Float] {
        let width = matrix.count / scale.count
        return matrix.indices.map { matrix[$0] * scale[$0 / width] }
    }
}
