extension QFormerConfiguration {
    /// A built-in shape for frame tokens of `encoderHiddenSize`.
    ///
    /// `preset:small` and `preset:base`, which is BLIP-2's; `preset:small-text` and
    /// `preset:base-text` read prompts as InstructBLIP's does. Where frames have queries of their
    /// own, these are fewer, and the small preset has the number of layers that measured best.
    ///
    /// `preset:attentive`, or `attentive`, is the attentive probe: one query, one block.
    /// - Throws: `ModelError.notFound` for any other name.
    public static func preset(
        _ reference: String, encoderHiddenSize: Int, layout: FrameLayout = .joint
    ) throws(ModelError) -> QFormerConfiguration {
        let suffix = "-text"
        let readsText = reference.hasSuffix(suffix)
        let isJoint = layout == .joint
        var shape: QFormerConfiguration
        switch readsText ? String(reference.dropLast(suffix.count)) : reference {
        case "preset:small":
            shape = QFormerConfiguration(
                hiddenSize: 384, numHiddenLayers: isJoint ? 6 : 2, numAttentionHeads: 12,
                intermediateSize: 1536, crossAttentionFrequency: 2,
                encoderHiddenSize: encoderHiddenSize, numQueryTokens: isJoint ? 16 : 8)
        case "preset:base":
            shape = QFormerConfiguration(
                hiddenSize: 768, numHiddenLayers: 12, numAttentionHeads: 12, intermediateSize: 3072,
                crossAttentionFrequency: 2, encoderHiddenSize: encoderHiddenSize,
                numQueryTokens: isJoint ? 32 : 4)
        case "preset:attentive", "attentive":
            shape = QFormerConfiguration(
                hiddenSize: 384, numHiddenLayers: 1, numAttentionHeads: 12,
                intermediateSize: 1536, crossAttentionFrequency: 1,
                encoderHiddenSize: encoderHiddenSize, numQueryTokens: 1)
        default:
            throw .notFound(
                reference: reference,
                reason: "Q-Former presets are preset:small, preset:base, preset:small-text, "
                    + "preset:base-text and preset:attentive")
        }
        if readsText {
            shape.text = Text(vocabularySize: BundledVocabulary.size, maxPositions: 512)
        }
        return shape
    }
}
