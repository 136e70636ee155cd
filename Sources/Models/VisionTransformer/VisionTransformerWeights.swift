/// Weight (out, in) and bias (out) of a product x·Wᵀ + b.
struct LinearWeights: Sendable {
    var weight: [Float]
    var bias: [Float]

    /// The product followed by a factor for each output.
    func scaled(by scale: [Float]) -> LinearWeights {
        let width = weight.count / scale.count
        return LinearWeights(
            weight: weight.indices.map { weight[$0] * scale[$0 / width] },
            bias: bias.indices.map { bias[$0] * scale[$0] })
    }

    /// Products of the same input as one, their outputs one after the other.
    static func stack(_ parts: [LinearWeights]) -> LinearWeights {
        LinearWeights(weight: parts.flatMap(\.weight), bias: parts.flatMap(\.bias))
    }
}

/// Weight and bias of a layer norm, (D) each.
struct LayerNormWeights: Sendable {
    let weight: [Float]
    let bias: [Float]
}

/// The weights of one pre-norm block, in one layout for all architectures.
struct VisionBlockWeights: Sendable {
    let norm1: LayerNormWeights
    /// Queries, keys and values stacked, (3·D, D).
    let qkv: LinearWeights
    /// (D, D).
    let projection: LinearWeights
    let norm2: LayerNormWeights
    /// (I, D).
    let fc1: LinearWeights
    /// (D, I).
    let fc2: LinearWeights
}

/// Reads the weights of a vision transformer, each where its architecture keeps it.
///
/// Blocks are read one by one, so that no two copies of all weights exist at once.
struct VisionTransformerWeights: Sendable {
    private let shape: VisionConfiguration
    private let source: WeightSource
    private let prefix: String
    private let isLavis: Bool

    /// Finds the encoder among the tensors of `source`, whatever they are nested in.
    init(configuration: VisionConfiguration, source: WeightSource) {
        shape = configuration
        self.source = source
        prefix = source.prefix(before: shape.architecture.firstTensor)
        isLavis =
            shape.architecture == .blip2
            && source.has("visual_encoder.patch_embed.proj.weight")
    }

    /// Patch product (D, C·P·P), with a bias of 0 where the model has none.
    func patches() throws(ModelError) -> LinearWeights {
        let name = shape.architecture.patchProjection
        return LinearWeights(
            weight: try tensor(
                name + ".weight", [shape.hiddenSize, 3, shape.patchSize, shape.patchSize]),
            bias: shape.architecture == .clip
                ? [Float](repeating: 0, count: shape.hiddenSize)
                : try tensor(name + ".bias", [shape.hiddenSize]))
    }

    /// CLS (D) and positions (L, D).
    func embeddings() throws(ModelError) -> (classToken: [Float], positions: [Float]) {
        let (width, tokens) = (shape.hiddenSize, shape.numTokens)
        switch shape.architecture {
        case .blip2:
            return (
                try tensor("embeddings.class_embedding", [1, 1, width]),
                try tensor("embeddings.position_embedding", [1, tokens, width])
            )
        case .clip:
            return (
                try tensor("embeddings.class_embedding", [width]),
                try tensor("embeddings.position_embedding.weight", [tokens, width])
            )
        case .dinov2, .vit:
            return (
                try tensor("embeddings.cls_token", [1, 1, width]),
                try tensor("embeddings.position_embeddings", [1, tokens, width])
            )
        }
    }

    /// The layer norm before the first block, if the architecture has one.
    func firstNorm() throws(ModelError) -> LayerNormWeights? {
        shape.architecture == .clip ? try norm("pre_layrnorm") : nil
    }

    /// The layer norm after the last block; `nil` where `last_hidden_state` comes before it.
    func lastNorm() throws(ModelError) -> LayerNormWeights? {
        switch shape.architecture {
        case .blip2: try norm("post_layernorm")
        case .dinov2, .vit: try norm("layernorm")
        case .clip: nil
        }
    }

    /// The weights of block `layer`.
    func block(_ layer: Int) throws(ModelError) -> VisionBlockWeights {
        switch shape.architecture {
        case .blip2: try blip2Block("encoder.layers.\(layer).")
        case .clip: try clipBlock("encoder.layers.\(layer).")
        case .dinov2: try dinov2Block("encoder.layer.\(layer).")
        case .vit: try vitBlock("encoder.layer.\(layer).")
        }
    }
}

// MARK: - Names

extension VisionTransformerWeights {
    /// How LAVIS calls the parts of BLIP-2's encoder.
    ///
    /// Source: LAVIS, `Blip2Base.init_vision_encoder` and `eva_vit.py`.
    private static let lavisNames = [
        ("embeddings.class_embedding", "visual_encoder.cls_token"),
        ("embeddings.position_embedding", "visual_encoder.pos_embed"),
        ("embeddings.patch_embedding", "visual_encoder.patch_embed.proj"),
        ("encoder.layers", "visual_encoder.blocks"), ("layer_norm", "norm"),
        ("self_attn.projection", "attn.proj"), ("self_attn", "attn"),
        ("post_layernorm", "ln_vision"),
    ]

    /// The name in the checkpoint of what transformers calls `name`.
    private func fullName(_ name: String) -> String {
        guard isLavis else { return prefix + name }
        return Self.lavisNames.reduce(name) { $0.replacing($1.0, with: $1.1) }
    }

    private func tensor(_ name: String, _ shape: [Int]) throws(ModelError) -> [Float] {
        try source.tensor(fullName(name), shape)
    }
}

// MARK: - Blocks

extension VisionTransformerWeights {
    private func norm(_ name: String) throws(ModelError) -> LayerNormWeights {
        LayerNormWeights(
            weight: try tensor("\(name).weight", [shape.hiddenSize]),
            bias: try tensor("\(name).bias", [shape.hiddenSize]))
    }

    private func linear(
        _ name: String, _ outputs: Int, _ inputs: Int
    ) throws(ModelError) -> LinearWeights {
        LinearWeights(
            weight: try tensor("\(name).weight", [outputs, inputs]),
            bias: try tensor("\(name).bias", [outputs]))
    }

    /// The products `names`, (D, D) each, stacked.
    private func stacked(_ names: [String]) throws(ModelError) -> LinearWeights {
        var parts: [LinearWeights] = []
        for name in names { parts.append(try linear(name, shape.hiddenSize, shape.hiddenSize)) }
        return .stack(parts)
    }

    /// Source: transformers, `Blip2VisionModel`.
    ///
    /// The older checkpoints' `q_bias` and `v_bias` are accepted.
    private func blip2Block(_ block: String) throws(ModelError) -> VisionBlockWeights {
        let (width, inner) = (shape.hiddenSize, shape.intermediateSize)
        let attention = "\(block)self_attn."
        let qkvBias: [Float]
        if source.has(fullName(attention + "q_bias")) {
            qkvBias =
                try tensor(attention + "q_bias", [width])
                + [Float](repeating: 0, count: width)
                + tensor(attention + "v_bias", [width])
        } else {
            qkvBias = try tensor(attention + "qkv.bias", [3 * width])
        }
        return VisionBlockWeights(
            norm1: try norm(block + "layer_norm1"),
            qkv: LinearWeights(
                weight: try tensor(attention + "qkv.weight", [3 * width, width]),
                bias: qkvBias),
            projection: try linear(block + "self_attn.projection", width, width),
            norm2: try norm(block + "layer_norm2"),
            fc1: try linear(block + "mlp.fc1", inner, width),
            fc2: try linear(block + "mlp.fc2", width, inner))
    }

    /// Source: transformers, `CLIPVisionModel`.
    private func clipBlock(_ block: String) throws(ModelError) -> VisionBlockWeights {
        let (width, inner) = (shape.hiddenSize, shape.intermediateSize)
        return VisionBlockWeights(
            norm1: try norm(block + "layer_norm1"),
            qkv: try stacked(["q", "k", "v"].map { "\(block)self_attn.\($0)_proj" }),
            projection: try linear(block + "self_attn.out_proj", width, width),
            norm2: try norm(block + "layer_norm2"),
            fc1: try linear(block + "mlp.fc1", inner, width),
            fc2: try linear(block + "mlp.fc2", width, inner))
    }

    /// Source: transformers, `Dinov2Model`.
    ///
    /// LayerScale is folded into the product before it.
    private func dinov2Block(_ block: String) throws(ModelError) -> VisionBlockWeights {
        let (width, inner) = (shape.hiddenSize, shape.intermediateSize)
        let scale1 = try tensor("\(block)layer_scale1.lambda1", [width])
        let scale2 = try tensor("\(block)layer_scale2.lambda1", [width])
        return VisionBlockWeights(
            norm1: try norm(block + "norm1"),
            qkv: try stacked(
                ["query", "key", "value"].map { "\(block)attention.attention.\($0)" }),
            projection: try linear(block + "attention.output.dense", width, width)
                .scaled(by: scale1),
            norm2: try norm(block + "norm2"),
            fc1: try linear(block + "mlp.fc1", inner, width),
            fc2: try linear(block + "mlp.fc2", width, inner).scaled(by: scale2))
    }

    /// Source: transformers, `ViTModel`.
    private func vitBlock(_ block: String) throws(ModelError) -> VisionBlockWeights {
        let (width, inner) = (shape.hiddenSize, shape.intermediateSize)
        return VisionBlockWeights(
            norm1: try norm(block + "layernorm_before"),
            qkv: try stacked(
                ["query", "key", "value"].map { "\(block)attention.attention.\($0)" }),
            projection: try linear(block + "attention.output.dense", width, width),
            norm2: try norm(block + "layernorm_after"),
            fc1: try linear(block + "intermediate.dense", inner, width),
            fc2: try linear(block + "output.dense", width, inner))
    }
}

extension VisionConfiguration.Architecture {
    /// The end of the name of a tensor that tells where the encoder's tensors are nested.
    fileprivate var firstTensor: String { patchProjection + ".weight" }

    /// The convolution that makes tokens of patches.
    fileprivate var patchProjection: String {
        switch self {
        case .blip2, .clip: "embeddings.patch_embedding"
        case .dinov2, .vit: "embeddings.patch_embeddings.projection"
        }
    }
}
