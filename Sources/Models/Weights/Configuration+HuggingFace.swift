// Reading shapes from `config.json`; what a file omits has its class's default in transformers.

extension VisionConfiguration {
    /// Source: transformers, `Blip2VisionConfig`.
    static func blip2(_ file: ConfigurationFile) throws(ModelError) -> VisionConfiguration {
        try file.require("hidden_act", oneOf: ["gelu"], default: "gelu")
        return try VisionConfiguration(
            architecture: .blip2,
            hiddenSize: file.dimension("hidden_size", default: 1408),
            intermediateSize: file.dimension("intermediate_size", default: 6144),
            numHiddenLayers: file.dimension("num_hidden_layers", default: 39),
            numAttentionHeads: file.dimension("num_attention_heads", default: 16),
            imageSize: file.dimension("image_size", default: 224),
            patchSize: file.dimension("patch_size", default: 14),
            layerNormEpsilon: Float(file.number("layer_norm_eps", default: 1e-6))
        ).checked(file.path)
    }

    /// Source: transformers, `Dinov2Config`.
    static func dinov2(_ file: ConfigurationFile) throws(ModelError) -> VisionConfiguration {
        try file.require("hidden_act", oneOf: ["gelu"], default: "gelu")
        guard file.fields["use_swiglu_ffn"] as? Bool != true else {
            throw .invalidConfiguration(path: file.path, reason: "`use_swiglu_ffn` is true")
        }
        let hiddenSize = try file.dimension("hidden_size", default: 768)
        let ratio = try file.number("mlp_ratio", default: 4)
        guard ratio > 0, ratio <= 64 else {
            throw .invalidConfiguration(path: file.path, reason: "`mlp_ratio` is \(ratio)")
        }
        return try VisionConfiguration(
            architecture: .dinov2, hiddenSize: hiddenSize,
            intermediateSize: Int(Double(hiddenSize) * ratio),
            numHiddenLayers: file.dimension("num_hidden_layers", default: 12),
            numAttentionHeads: file.dimension("num_attention_heads", default: 12),
            imageSize: file.dimension("image_size", default: 224),
            patchSize: file.dimension("patch_size", default: 14),
            layerNormEpsilon: Float(file.number("layer_norm_eps", default: 1e-6))
        ).checked(file.path)
    }

    private func checked(_ path: String) throws(ModelError) -> VisionConfiguration {
        guard hiddenSize.isMultiple(of: numAttentionHeads) else {
            throw .invalidConfiguration(
                path: path, reason: "\(hiddenSize) is not a multiple of \(numAttentionHeads) heads")
        }
        guard imageSize >= patchSize, imageSize <= 4096, hiddenSize <= 1 << 16,
            intermediateSize <= 1 << 18, numHiddenLayers <= 1024
        else { throw .invalidConfiguration(path: path, reason: "its sizes are absurd") }
        return self
    }
}

extension QFormerConfiguration {
    /// Source: transformers, `Blip2QFormerConfig`.
    static func blip2(
        _ file: ConfigurationFile, numQueryTokens: Int
    ) throws(ModelError) -> QFormerConfiguration {
        try file.require("hidden_act", oneOf: ["gelu"], default: "gelu")
        let configuration = try QFormerConfiguration(
            hiddenSize: file.dimension("hidden_size", default: 768),
            numHiddenLayers: file.dimension("num_hidden_layers", default: 12),
            numAttentionHeads: file.dimension("num_attention_heads", default: 12),
            intermediateSize: file.dimension("intermediate_size", default: 3072),
            crossAttentionFrequency: file.dimension("cross_attention_frequency", default: 2),
            encoderHiddenSize: file.dimension("encoder_hidden_size", default: 1408),
            layerNormEpsilon: Float(file.number("layer_norm_eps", default: 1e-12)),
            numQueryTokens: numQueryTokens)
        guard configuration.hiddenSize.isMultiple(of: configuration.numAttentionHeads),
            configuration.hiddenSize <= 1 << 14, configuration.intermediateSize <= 1 << 16,
            configuration.numHiddenLayers <= 256, configuration.encoderHiddenSize <= 1 << 16,
            numQueryTokens <= 1 << 12
        else {
            throw .invalidConfiguration(
                path: file.path, reason: "the Q-Former's sizes do not fit each other or are absurd")
        }
        return configuration
    }
}

extension ImageProcessorConfiguration {
    /// Source: transformers, `BlipImageProcessor`; `size` may be a number or height and width.
    static func read(_ file: ConfigurationFile) throws(ModelError) -> ImageProcessorConfiguration {
        var configuration = ImageProcessorConfiguration.blip
        let size = file.section("size")
        configuration.imageSize =
            if size.fields.isEmpty {
                try file.dimension("size", default: configuration.imageSize)
            } else {
                try size.dimension("height", default: configuration.imageSize)
            }
        if try size.dimension("width", default: configuration.imageSize)
            != configuration.imageSize
        {
            throw .invalidConfiguration(path: file.path, reason: "its pictures are not square")
        }
        configuration.imageMean = try file.numbers("image_mean", default: configuration.imageMean)
        configuration.imageStd = try file.numbers("image_std", default: configuration.imageStd)
        configuration.rescaleFactor = try file.number(
            "rescale_factor", default: configuration.rescaleFactor)
        configuration.resample = Int(
            try file.number("resample", default: Double(configuration.resample)))
        guard configuration.imageStd.allSatisfy({ $0 > 0 }) else {
            throw .invalidConfiguration(path: file.path, reason: "`image_std` is not positive")
        }
        return configuration
    }
}
