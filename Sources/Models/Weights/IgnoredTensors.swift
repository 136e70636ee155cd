import Files

/// A part of a model that is loaded by itself.
public enum ModelPart: Sendable {
    /// The frozen vision transformer.
    case encoder
    /// Q-Former and query tokens.
    case qformer
}

/// Which tensors of a checkpoint are not read, and why.
///
/// A name that is neither read nor here is an error: it may be a weight under a name that this
/// program does not know, without which the features would be others.
/// Source: the state dictionaries of transformers (`Blip2Model`, `InstructBlipModel`,
/// `Blip2ForImageTextRetrieval`, `CLIPModel`, `Dinov2Model`, `ViTModel`) and of LAVIS.
struct IgnoredTensors {
    private let part: ModelPart
    private let readsText: Bool
    private let architecture: VisionConfiguration.Architecture
    /// What the encoder's names begin with.
    private let encoderPrefixes: [String]
    /// What stands before the names of all parts.
    private let wrapper: String

    /// Name prefixes of parts other than encoder and Q-Former.
    private static let besides: [(reason: String, beginnings: [String])] = [
        (
            "the language model",
            [
                "language_model.", "language_projection.", "opt_model.", "opt_proj.", "t5_model.",
                "t5_proj.", "llm_model.", "llm_proj.",
            ]
        ),
        (
            "the text encoder",
            ["text_model.", "embeddings.word_", "embeddings.position_embeddings."]
        ),
        (
            "heads of other tasks",
            [
                "classifier.", "pooler.", "decoder.", "itm_head.", "logit_scale", "temp",
                "text_proj.", "text_projection.", "vision_proj.", "vision_projection.",
                "visual_projection.", "Qformer.cls.",
            ]
        ),
    ]

    /// - Parameters:
    ///   - part: What is read.
    ///   - source: Where it is read from.
    ///   - architecture: The encoder's.
    ///   - readsText: Whether the Q-Former reads prompts.
    init(
        beside part: ModelPart, in source: WeightSource,
        _ architecture: VisionConfiguration.Architecture, readsText: Bool = false
    ) {
        self.part = part
        self.readsText = readsText
        self.architecture = architecture
        let first = architecture.firstTensor
        let prefix = source.prefix(before: first)
        wrapper = prefix.split(separator: ".").dropLast().map { "\($0)." }.joined()
        if !source.has(prefix + first) {
            encoderPrefixes = ["visual_encoder.", "ln_vision."]
        } else if prefix.isEmpty {
            encoderPrefixes = [
                "embeddings.", "encoder.", "layernorm.", "pre_layrnorm.", "post_layernorm.",
            ]
        } else {
            encoderPrefixes = [prefix]
        }
    }

    /// Why the tensor `name` is not read; `nil` if it should be.
    func reason(for name: String) -> String? {
        if name.hasSuffix("position_ids") { return "position ids" }
        let own = name.hasPrefix(wrapper) ? String(name.dropFirst(wrapper.count)) : name
        if let reason = Self.besides.first(where: { $0.beginnings.contains(where: own.hasPrefix) })
        {
            return reason.reason
        }
        let isOfQFormer =
            own == "query_tokens" || own.hasPrefix("qformer.") || own.hasPrefix("Qformer.")
        let isOfEncoder = encoderPrefixes.contains(where: name.hasPrefix)
        switch part {
        case .encoder:
            if isOfQFormer { return "the Q-Former" }
            return isOfEncoder ? reasonWithinEncoder(name) : nil
        case .qformer:
            if isOfEncoder { return "the encoder" }
            return isOfQFormer && !readsText && isOfText(own)
                ? "text that this Q-Former does not read" : nil
        }
    }

    private func reasonWithinEncoder(_ name: String) -> String? {
        if name.hasSuffix("embeddings.mask_token") { return "mask tokens of the pretraining" }
        // CLIP's last_hidden_state comes before its last norm.
        let isAfterFeatures =
            name.contains("pooler.dense.")
            || (architecture == .clip && name.contains("post_layernorm."))
        return isAfterFeatures ? "layers after the features" : nil
    }

    /// Whether a tensor of a Q-Former that was not read belongs to its branch for words.
    private func isOfText(_ name: String) -> Bool {
        let isOfMLP = name.contains(".encoder.layer.") && !name.contains("attention.")
        return name.contains(".embeddings.word_embeddings.")
            || name.contains(".embeddings.position_embeddings.")
            || (isOfMLP && (name.contains(".intermediate.") || name.contains(".output.")))
    }
}

extension ModelDirectory {
    /// Which of the model's tensors are ignored when only `part` is read; `nil` if none are.
    public func ignoredTensors(beside part: ModelPart) -> String? {
        guard case .files(let files) = weights else { return nil }
        let ignored = IgnoredTensors(
            beside: part, in: weights, vision.architecture, readsText: qformer?.text != nil)
        var counts: [String: Int] = [:]
        for reason in files.names.compactMap(ignored.reason) { counts[reason, default: 0] += 1 }
        guard !counts.isEmpty else { return nil }
        return "Not needed, of the \(counted(files.names.count, "tensor")) in \(name): "
            + counts.sorted { $0.key < $1.key }.map { "\($0.value) of \($0.key)" }
            .joined(separator: ", ")
    }
}
