/// Weight (out, in) and bias (out) of a product x·Wᵀ + b.
struct LinearWeights: Sendable {
    var weight: [Float]
    var bias: [Float]

    /// The product followed by a factor for each output, Float32 (out).
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

    /// Checks that nothing of the encoder was left out, once all of it has been read.
    /// - Throws: `ModelError.unknownTensors`.
    func requireAllRead() throws(ModelError) {
        try source.requireAllKnown(afterReading: .encoder, shape.architecture)
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

    /// CLS (D) and the positions of `tokens` tokens (L, D).
    func embeddings(
        numTokens tokens: Int
    ) throws(ModelError) -> (classToken: [Float], positions: [Float]) {
        let width = shape.hiddenSize
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
        let (width, inner) = (shape.hiddenSize, shape.intermediateSize)
        let names = shape.architecture.blockNames
        let block = "\(names.folder).\(layer)."
        var projection = try linear(block + names.projection, width, width)
        var fc2 = try linear(block + names.fc2, width, inner)
        if shape.architecture == .dinov2 {
            // LayerScale is folded into the product before it.
            projection = projection.scaled(
                by: try tensor(block + "layer_scale1.lambda1", [width]))
            fc2 = fc2.scaled(by: try tensor(block + "layer_scale2.lambda1", [width]))
        }
        return VisionBlockWeights(
            norm1: try norm(block + names.norm1), qkv: try qkv(block + names.attention),
            projection: projection, norm2: try norm(block + names.norm2),
            fc1: try linear(block + names.fc1, inner, width), fc2: fc2)
    }
}

// MARK: - Names

extension VisionTransformerWeights {
    /// What LAVIS calls the parts of BLIP-2's encoder.
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

    /// Queries, keys and values of the attention `name`, stacked.
    private func qkv(_ name: String) throws(ModelError) -> LinearWeights {
        let width = shape.hiddenSize
        switch shape.architecture {
        case .blip2:
            return LinearWeights(
                weight: try tensor("\(name).qkv.weight", [3 * width, width]),
                bias: try fusedBias(name))
        case .clip, .dinov2, .vit:
            let parts =
                shape.architecture == .clip
                ? ["q_proj", "k_proj", "v_proj"] : ["query", "key", "value"]
            var products: [LinearWeights] = []
            for part in parts { products.append(try linear("\(name).\(part)", width, width)) }
            return .stack(products)
        }
    }

    /// The bias of BLIP-2's fused product; older checkpoints have `q_bias` and `v_bias`.
    private func fusedBias(_ name: String) throws(ModelError) -> [Float] {
        let width = shape.hiddenSize
        guard source.has(fullName("\(name).q_bias")) else {
            return try tensor("\(name).qkv.bias", [3 * width])
        }
        return try tensor("\(name).q_bias", [width]) + [Float](repeating: 0, count: width)
            + tensor("\(name).v_bias", [width])
    }
}

/// What an architecture calls the parts of a block.
private struct VisionBlockNames {
    var folder = "encoder.layers"
    var norm1 = "layer_norm1"
    var attention = "self_attn"
    var projection = "self_attn.projection"
    var norm2 = "layer_norm2"
    var fc1 = "mlp.fc1"
    var fc2 = "mlp.fc2"
}

extension VisionConfiguration.Architecture {
    /// The end of the name of a tensor that tells where the encoder's tensors are nested.
    var firstTensor: String { patchProjection + ".weight" }

    /// Source: transformers, `Blip2VisionModel`, `CLIPVisionModel`, `Dinov2Model`, `ViTModel`.
    fileprivate var blockNames: VisionBlockNames {
        switch self {
        case .blip2: VisionBlockNames()
        case .clip: VisionBlockNames(projection: "self_attn.out_proj")
        case .dinov2:
            VisionBlockNames(
                folder: "encoder.layer", norm1: "norm1", attention: "attention.attention",
                projection: "attention.output.dense", norm2: "norm2")
        case .vit:
            VisionBlockNames(
                folder: "encoder.layer", norm1: "layernorm_before",
                attention: "attention.attention", projection: "attention.output.dense",
                norm2: "layernorm_after", fc1: "intermediate.dense", fc2: "output.dense")
        }
    }

    /// The convolution that makes tokens of patches.
    fileprivate var patchProjection: String {
        switch self {
        case .blip2, .clip: "embeddings.patch_embedding"
        case .dinov2, .vit: "embeddings.patch_embeddings.projection"
        }
    }
}
