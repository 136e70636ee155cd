import Models
import Recipes

/// `config.json` of a run's model, as transformers reads it; its keys are in snake case.
struct HuggingFaceConfiguration: Encodable {
    /// The section of the Q-Former.
    struct QFormerSection: Encodable {
        let modelType: String
        let vocabSize: Int?
        let maxPositionEmbeddings: Int?
        let hiddenSize: Int
        let numHiddenLayers: Int
        let numAttentionHeads: Int
        let intermediateSize: Int
        let crossAttentionFrequency: Int
        let encoderHiddenSize: Int
        let layerNormEps: Float
        let useQformerTextInput = false

        init(of shape: QFormerConfiguration) {
            modelType = shape.text == nil ? "blip_2_qformer" : "instructblip_qformer"
            vocabSize = shape.text?.vocabularySize
            maxPositionEmbeddings = shape.text?.maxPositions
            hiddenSize = shape.hiddenSize
            numHiddenLayers = shape.numHiddenLayers
            numAttentionHeads = shape.numAttentionHeads
            intermediateSize = shape.intermediateSize
            crossAttentionFrequency = shape.crossAttentionFrequency
            encoderHiddenSize = shape.encoderHiddenSize
            layerNormEps = shape.layerNormEpsilon
        }
    }

    /// The encoder whose tokens the model reads, which is not part of it.
    struct VisionEncoder: Encodable {
        let model: String
        let recipe: FeatureRecipe
    }

    let modelType: String
    let numQueryTokens: Int
    let qformerConfig: QFormerSection
    let frameOrder: FrameOrder?
    let featureStandardization: FeatureStandardization?
    let numLabels: Int
    let visionEncoder: VisionEncoder
    /// transformers takes the width of the frame tokens from here.
    let visionConfig: [String: Int]
    let architectures = [ModelingFile.className]
    let autoMap = ["AutoModel": "\(ModelingFile.moduleName).\(ModelingFile.className)"]
    let id2label: [String: String]
    let label2id: [String: Int]

    /// Describes the model of a run with `configuration`.
    init(of configuration: RunConfiguration) {
        let shape = configuration.qformer
        modelType = shape.text == nil ? "blip-2" : "instructblip"
        numQueryTokens = shape.numQueryTokens
        qformerConfig = QFormerSection(of: shape)
        frameOrder = shape.frameOrder
        featureStandardization = shape.standardization
        numLabels = configuration.outputs.count
        visionEncoder = VisionEncoder(
            model: configuration.model, recipe: configuration.featureRecipe)
        visionConfig = ["hidden_size": shape.encoderHiddenSize]
        let names = configuration.outputs.names
        id2label = Dictionary(uniqueKeysWithValues: names.enumerated().map { ("\($0)", $1) })
        label2id = Dictionary(
            names.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    }
}
