import Recipes

// Reading shapes from `config.json`; what a file omits has its class's default in transformers.

extension VisionConfiguration {
    /// What a configuration class of transformers assumes where the file is silent.
    private struct Defaults {
        var hiddenSize = 768
        var intermediateSize = 3072
        var numHiddenLayers = 12
        var numAttentionHeads = 12
        var patchSize = 16
        var layerNormEpsilon = 1e-12
        var activation = VisionActivation.gelu
    }

    /// Source: transformers, `Blip2VisionConfig` and `InstructBlipVisionConfig`.
    static func blip2(_ file: ConfigurationFile) throws(ModelError) -> VisionConfiguration {
        try read(
            file, .blip2,
            Defaults(
                hiddenSize: 1408, intermediateSize: 6144, numHiddenLayers: 39,
                numAttentionHeads: 16, patchSize: 14, layerNormEpsilon: 1e-6))
    }

    /// Source: transformers, `CLIPVisionConfig`.
    static func clip(_ file: ConfigurationFile) throws(ModelError) -> VisionConfiguration {
        try read(
            file, .clip,
            Defaults(patchSize: 32, layerNormEpsilon: 1e-5, activation: .quickGELU))
    }

    /// Source: transformers, `ViTConfig`.
    static func vit(_ file: ConfigurationFile) throws(ModelError) -> VisionConfiguration {
        guard file.fields["qkv_bias"] as? Bool != false else {
            throw .invalidConfiguration(path: file.path, reason: "`qkv_bias` is false")
        }
        return try read(file, .vit, Defaults())
    }

    private static func read(
        _ file: ConfigurationFile, _ architecture: Architecture, _ defaults: Defaults
    ) throws(ModelError) -> VisionConfiguration {
        let name = file.fields["hidden_act"] as? String ?? defaults.activation.rawValue
        guard let activation = VisionActivation(rawValue: name) else {
            throw .invalidConfiguration(
                path: file.path, reason: "`hidden_act` is `\(name)`, not gelu or quick_gelu")
        }
        return try VisionConfiguration(
            architecture: architecture,
            hiddenSize: file.dimension("hidden_size", default: defaults.hiddenSize),
            intermediateSize: file.dimension(
                "intermediate_size", default: defaults.intermediateSize),
            numHiddenLayers: file.dimension(
                "num_hidden_layers", default: defaults.numHiddenLayers),
            numAttentionHeads: file.dimension(
                "num_attention_heads", default: defaults.numAttentionHeads),
            imageSize: file.dimension("image_size", default: 224),
            patchSize: file.dimension("patch_size", default: defaults.patchSize),
            layerNormEpsilon: file.layerNormEpsilon(default: defaults.layerNormEpsilon),
            activation: activation
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
            layerNormEpsilon: file.layerNormEpsilon(default: 1e-6)
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
    /// Source: transformers, `Blip2QFormerConfig` and `InstructBlipQFormerConfig`.
    static func blip2(
        _ file: ConfigurationFile, numQueryTokens: Int, readsText: Bool = false
    ) throws(ModelError) -> QFormerConfiguration {
        try file.require("hidden_act", oneOf: ["gelu"], default: "gelu")
        let configuration = try QFormerConfiguration(
            hiddenSize: file.dimension("hidden_size", default: 768),
            numHiddenLayers: file.dimension("num_hidden_layers", default: 12),
            numAttentionHeads: file.dimension("num_attention_heads", default: 12),
            intermediateSize: file.dimension("intermediate_size", default: 3072),
            crossAttentionFrequency: file.dimension("cross_attention_frequency", default: 2),
            encoderHiddenSize: file.dimension("encoder_hidden_size", default: 1408),
            layerNormEpsilon: file.layerNormEpsilon(default: 1e-12),
            numQueryTokens: numQueryTokens,
            text: readsText
                ? Text(
                    vocabularySize: file.dimension("vocab_size", default: 30522),
                    maxPositions: file.dimension("max_position_embeddings", default: 512)) : nil)
        guard configuration.isPlausible else {
            throw .invalidConfiguration(
                path: file.path, reason: "the Q-Former's sizes do not fit each other or are absurd")
        }
        return configuration
    }

    /// Whether its sizes fit each other and are not absurd.
    public var isPlausible: Bool {
        let sizes: [(Int, Int)] = [
            (hiddenSize, 1 << 14), (numHiddenLayers, 256), (numAttentionHeads, hiddenSize),
            (intermediateSize, 1 << 16), (crossAttentionFrequency, 1 << 20),
            (encoderHiddenSize, 1 << 16), (numQueryTokens, 1 << 12),
            (text?.vocabularySize ?? 1, 1 << 20), (text?.maxPositions ?? 1, 1 << 14),
        ]
        return sizes.allSatisfy { $0 >= 1 && $0 <= $1 }
            && hiddenSize.isMultiple(of: numAttentionHeads)
            && layerNormEpsilon > 0 && layerNormEpsilon <= 1
    }
}

extension ImageProcessorConfiguration {
    /// Source: transformers, `BlipImageProcessor` and `CLIPImageProcessor`; `size` may be a number,
    /// height and width, or the shortest edge, of which `crop_size` is then cut.
    static func read(_ file: ConfigurationFile) throws(ModelError) -> ImageProcessorConfiguration {
        var configuration = ImageProcessorConfiguration.blip
        let size = file.section("size")
        if size.fields["shortest_edge"] != nil {
            let edge = try size.dimension("shortest_edge", default: configuration.imageSize)
            configuration.imageSize = try square("crop_size", of: file, default: edge)
            configuration.resize = .crop(edge: edge == configuration.imageSize ? nil : edge)
            guard edge >= configuration.imageSize else {
                throw .invalidConfiguration(
                    path: file.path, reason: "it crops more than its resized pictures hold")
            }
        } else {
            configuration.imageSize = try square("size", of: file, default: 224)
        }
        configuration.imageMean = try file.numbers("image_mean", default: configuration.imageMean)
        configuration.imageStd = try file.numbers("image_std", default: configuration.imageStd)
        configuration.rescaleFactor = try file.number(
            "rescale_factor", default: configuration.rescaleFactor)
        let resample = try file.number("resample", default: Double(configuration.resample))
        guard let filter = Int(exactly: resample), 0...5 ~= filter else {
            throw .invalidConfiguration(
                path: file.path, reason: "`resample` is \(resample), not a filter from 0 to 5")
        }
        configuration.resample = filter
        guard configuration.imageStd.allSatisfy({ $0 > 0 }), configuration.rescaleFactor > 0 else {
            throw .invalidConfiguration(
                path: file.path, reason: "`image_std` or `rescale_factor` is not positive")
        }
        return configuration
    }

    /// The side of a square that is a number, or height and width.
    private static func square(
        _ name: String, of file: ConfigurationFile, default value: Int
    ) throws(ModelError) -> Int {
        let section = file.section(name)
        if section.fields.isEmpty { return try file.dimension(name, default: value) }
        let height = try section.dimension("height", default: value)
        guard try section.dimension("width", default: value) == height else {
            throw .invalidConfiguration(path: file.path, reason: "its pictures are not square")
        }
        return height
    }
}
